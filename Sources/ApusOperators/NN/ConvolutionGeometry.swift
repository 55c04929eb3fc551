import ApusCore

/// Sizes of one convolution, resolved to integers; spatial lists have one entry an axis.
///
/// A transposed convolution is described by the convolution it transposes: its output is `input` here.
public struct ConvolutionGeometry: Sendable {
  public var batch: Int
  public var groups: Int
  /// Channels of one group.
  public var inChannels: Int
  public var outChannels: Int
  public var input: [Int]
  public var kernel: [Int]
  public var output: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  public var begins: [Int]

  /// Runs of elements that one element of the kernel joins.
  struct Tap {
    /// Start of a row in the output plane and, before the last axis' offset, in the input plane.
    var rows: [(output: Int, input: Int)] = []
    /// Places along the last output axis that read inside the input.
    var range = 0..<0
    /// Input offset along the last axis at place 0.
    var offset = 0
  }

  /// One entry an element of the kernel, in row-major order.
  func taps() -> [Tap] {
    let last = kernel.count - 1
    let (inStrides, outStrides) = (input.rowMajorStrides, output.rowMajorStrides)
    var taps: [Tap] = []
    forEachIndex(kernel) { k in
      var tap = Tap()
      tap.offset = k[last] * dilations[last] - begins[last]
      tap.range = validRange(axis: last, offset: tap.offset)
      forEachIndex(Array(output.dropLast())) { o in
        var (from, to) = (0, 0)
        for axis in 0..<last {
          let place = o[axis] * strides[axis] + k[axis] * dilations[axis] - begins[axis]
          guard place >= 0 && place < input[axis] else { return }
          from += place * inStrides[axis]
          to += o[axis] * outStrides[axis]
        }
        tap.rows.append((output: to, input: from))
      }
      taps.append(tap)
    }
    return taps
  }

  /// Places `o` with `0 <= o * stride + offset < input`.
  private func validRange(axis: Int, offset: Int) -> Range<Int> {
    let stride = strides[axis]
    let low = offset >= 0 ? 0 : (-offset + stride - 1) / stride
    let room = input[axis] - 1 - offset
    let high = room < 0 ? 0 : room / stride + 1
    let upper = min(high, output[axis])
    return low < upper ? low..<upper : 0..<0
  }
}

/// Refuses a position outside `shape`.
func checkPosition(_ position: [Int], in shape: [Int]) throws {
  guard position.count == shape.count, zip(position, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
    throw OperatorError(.invalidValue, "position \(position) is outside the output \(shape)")
  }
}
