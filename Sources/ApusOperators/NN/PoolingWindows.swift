import ApusCore

/// Which elements of an input plane each place of a pooling window reads; the same for every plane.
struct PoolingWindows {
  /// Elements of window `i` are `elements[starts[i]..<starts[i + 1]]`.
  private(set) var starts = [0]
  private(set) var elements: [Int] = []
  /// Elements of each window with those in the padding, but not those beyond it.
  private(set) var paddedCounts: [Int] = []
  let output: [Int]

  init(_ window: Window, input: [Int], kernel: [Int], ceil: Bool) throws {
    output = try window.outputSizes(input, kernel: kernel, ceil: ceil)
    let (begins, ends) = window.padding(input: input, kernel: kernel, output: output)
    // Per axis and place: the elements inside the input, and how many lie inside the padded input.
    let axes = input.indices.map { axis in
      (0..<output[axis]).map { place in
        let start = place * window.strides[axis] - begins[axis]
        let taps = (0..<kernel[axis]).map { start + $0 * window.dilations[axis] }
        return (
          inside: taps.filter { $0 >= 0 && $0 < input[axis] },
          padded: taps.count { $0 < input[axis] + ends[axis] }
        )
      }
    }
    let strides = input.rowMajorStrides
    forEachIndex(output) { place in
      var positions = [0]
      var padded = 1
      for axis in place.indices {
        let taps = axes[axis][place[axis]]
        positions = positions.flatMap { base in taps.inside.map { base + $0 * strides[axis] } }
        padded *= taps.padded
      }
      elements += positions
      starts.append(elements.count)
      paddedCounts.append(padded)
    }
  }

  /// Calls `body` with every window of one plane: its number and the elements it reads.
  func forEach(_ body: (Int, ArraySlice<Int>) -> Void) {
    for window in paddedCounts.indices { body(window, elements[starts[window]..<starts[window + 1]]) }
  }
}

/// Pooling operators: a windowed reduction over the spatial axes.
public protocol PoolingOperator: WindowedOperator {
  var kernelShape: [Int] { get set }
  /// Whether a last window may hang over the end.
  var ceilMode: Bool { get set }
}

extension PoolingOperator {
  mutating func readPooling(_ node: SourceNode) throws {
    try readWindow(node)
    kernelShape = try node.require("kernel_shape", node.ints("kernel_shape", in: Window.steps))
    ceilMode = try node.bool("ceil_mode", default: false)
  }

  /// The output's shape; nil while the input's rank is unknown.
  func pooledShape(_ input: Shape?) throws -> Shape? {
    guard let input else { return nil }
    let window = try checkedWindow(axes: input.count - 2)
    return input[..<2]
      + (try window.outputSizes(Array(input[2...]), kernel: Shape(kernelShape), ceil: ceilMode))
  }

  func windows(_ shape: [Int]) throws -> PoolingWindows {
    let window = try checkedWindow(axes: shape.count - 2)
    return try PoolingWindows(window, input: Array(shape[2...]), kernel: kernelShape, ceil: ceilMode)
  }

  /// Sizes for an input of `shape`.
  package func geometry(_ shape: [Int]) throws -> PoolingGeometry {
    let input = Array(shape[2...])
    let window = try checkedWindow(axes: input.count)
    let output = try window.outputSizes(input, kernel: kernelShape, ceil: ceilMode)
    let (begins, ends) = window.padding(input: input, kernel: kernelShape, output: output)
    return PoolingGeometry(
      input: input, kernel: kernelShape, output: output, strides: window.strides, dilations: window.dilations,
      begins: begins, ends: ends)
  }

  private func checkedWindow(axes: Int) throws -> Window {
    let fits = kernelShape.count == axes && kernelShape.allSatisfy { $0 > 0 && $0 <= Window.largest }
    try require(fits, attribute: "kernel_shape", value: "\(kernelShape)", allowed: "\(axes) positive sizes")
    return try window(axes: axes)
  }
}

/// Sizes of one pooling, resolved to integers; lists have one entry a spatial axis.
package struct PoolingGeometry: Sendable {
  package var input: [Int]
  package var kernel: [Int]
  package var output: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var begins: [Int]
  package var ends: [Int]
}
