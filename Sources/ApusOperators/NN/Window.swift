public import ApusCore

/// How the padding of a sliding window is chosen.
public enum AutoPad: String, Hashable, Sendable, Codable {
  /// By `pads`.
  case notSet
  /// None.
  case valid
  /// So that the output is as large as the input over the stride; what is odd goes to the end.
  case sameUpper
  /// The same; what is odd goes to the begin.
  case sameLower
}

/// Operators that slide a window over the spatial axes, those after batch and channel.
public protocol WindowedOperator: Operator {
  /// Step of the window; empty: 1 on each axis.
  var strides: [Int] { get set }
  /// Distance of the window's elements; empty: 1 on each axis.
  var dilations: [Int] { get set }
  /// Begins of all axes, then ends; empty: none. Ignored unless `autoPad` is `notSet`.
  var pads: [Int] { get set }
  var autoPad: AutoPad { get set }
}

extension WindowedOperator {
  /// Reads the attributes that all windowed ONNX operators share.
  mutating func readWindow(_ node: SourceNode) throws {
    strides = try node.ints("strides", in: Window.steps) ?? []
    dilations = try node.ints("dilations", in: Window.steps) ?? []
    pads = try node.ints("pads", in: Window.margins) ?? []
    let name = try node.string("auto_pad", default: "NOTSET")
    let modes: [String: AutoPad] = [
      "NOTSET": .notSet, "": .notSet, "VALID": .valid, "SAME_UPPER": .sameUpper, "SAME_LOWER": .sameLower,
    ]
    guard let mode = modes[name] else {
      throw OperatorError(
        .invalidAttribute, "unknown padding mode", attribute: "auto_pad", value: name,
        allowed: "NOTSET, VALID, SAME_UPPER, SAME_LOWER")
    }
    autoPad = mode
  }

  /// The attributes filled in for `axes` spatial axes; throws when a list has another length or odd values.
  func window(axes: Int) throws -> Window {
    try Window(strides: strides, dilations: dilations, pads: pads, autoPad: autoPad, axes: axes)
  }
}

/// Window attributes, checked and with one entry an axis.
struct Window {
  let strides: [Int]
  let dilations: [Int]
  let begins: [Int]
  let ends: [Int]
  let autoPad: AutoPad

  /// Sizes above this come from damaged files; below it no product of two overflows.
  static let largest = 1 << 30
  /// What strides, dilations, kernel sizes and numbers of groups may be.
  static let steps = 1...largest
  /// What padding may be; below zero it crops.
  static let margins = -largest...largest

  init(strides: [Int], dilations: [Int], pads: [Int], autoPad: AutoPad, axes: Int) throws {
    func filled(_ list: [Int], _ name: String, _ fallback: Int, _ count: Int, _ allowed: ClosedRange<Int>)
      throws
      -> [Int]
    {
      if list.isEmpty { return [Int](repeating: fallback, count: count) }
      guard list.count == count, list.allSatisfy(allowed.contains) else {
        throw OperatorError(
          .invalidAttribute, "attribute '\(name)' does not fit \(axes) spatial axes", attribute: name,
          value: "\(list)", allowed: "\(count) values in \(allowed)")
      }
      return list
    }
    self.strides = try filled(strides, "strides", 1, axes, Self.steps)
    self.dilations = try filled(dilations, "dilations", 1, axes, Self.steps)
    let explicit = autoPad == .notSet ? pads : []
    let all = try filled(explicit, "pads", 0, 2 * axes, Self.margins)
    begins = Array(all.prefix(axes))
    ends = Array(all.suffix(axes))
    self.autoPad = autoPad
  }

  var axes: Int { strides.count }

  /// What a kernel of `size` elements covers with its dilation.
  func extent(_ size: Dim, _ axis: Int) -> Dim { (size - 1) * .constant(dilations[axis]) + 1 }

  /// Number of places of the window along `axis`. With `ceil`, a last window may hang over the end as long as it
  /// starts within the input or its begin padding.
  func outputSize(_ input: Dim, kernel: Dim, _ axis: Int, ceil: Bool = false) throws -> Dim {
    let stride = Dim.constant(strides[axis])
    let size: Dim
    switch autoPad {
    case .sameUpper, .sameLower: size = input.ceilDiv(stride)
    case .valid: size = (input - extent(kernel, axis)).floorDiv(stride) + 1
    case .notSet:
      let (begin, end) = (Dim.constant(begins[axis]), Dim.constant(ends[axis]))
      if ceil {
        let overhang = end - extent(kernel, axis) + stride
        size = (input + begin + (overhang.value.map { .constant(min($0, 0)) } ?? Dim.min(overhang, 0)))
          .ceilDiv(stride)
      } else {
        size = (input + begin + end - extent(kernel, axis)).floorDiv(stride) + 1
      }
    }
    if let value = size.value, value < 0 {
      throw OperatorError(
        .shapeMismatch,
        "the window of \(extent(kernel, axis)) is larger than the padded input (\(input)) on spatial axis \(axis)",
        fix: "enlarge the input or the padding")
    }
    return size
  }

  func outputSizes(_ input: Shape, kernel: Shape, ceil: Bool = false) throws -> Shape {
    try input.indices.map { try outputSize(input[$0], kernel: kernel[$0], $0, ceil: ceil) }
  }

  /// Integers, for references.
  func outputSizes(_ input: [Int], kernel: [Int], ceil: Bool = false) throws -> [Int] {
    try outputSizes(Shape(input), kernel: Shape(kernel), ceil: ceil).compactMap(\.value)
  }

  /// Begin and end padding of each axis, for inputs and outputs of these sizes.
  func padding(input: [Int], kernel: [Int], output: [Int]) -> (begins: [Int], ends: [Int]) {
    guard autoPad == .sameUpper || autoPad == .sameLower else { return (begins, ends) }
    let totals = input.indices.map {
      max((output[$0] - 1) * strides[$0] + (kernel[$0] - 1) * dilations[$0] + 1 - input[$0], 0)
    }
    let small = totals.map { $0 / 2 }
    let large = totals.map { $0 - $0 / 2 }
    return autoPad == .sameUpper ? (small, large) : (large, small)
  }
}

/// Refuses a number of groups that no tensor divides into.
func checkGroups(_ groups: Int, _ attribute: String) throws {
  let allowed = Window.steps
  try require(allowed.contains(groups), attribute: attribute, value: groups, allowed: "\(allowed)")
}
