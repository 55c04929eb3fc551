public import ApusCore

/// A function of one or more tensors of one element type, with broadcasting, folded from the left.
public protocol Variadic: Operator {
  static var elementTypes: ElementTypes { get }
  func fold(_ a: Double, _ b: Double) -> Double
  func fold(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64
  /// Applied to the folded value of `count` operands.
  func finish(_ x: Double, count: Int) -> Double
  /// For shape arithmetic; nil where the result is no rational expression.
  func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element?
}

extension Variadic {
  public static var elementTypes: ElementTypes { .numbers }
  public var traits: OperatorTraits { .elementwise }
  public func finish(_ x: Double, count: Int) -> Double { x }
  public func combine(_ a: Contents.Element, _ b: Contents.Element) -> Contents.Element? { nil }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    [.tensor(try context.broadcast(Self.elementTypes))]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard context.inputs.count == 2, let a = context.contents(0), let b = context.contents(1),
      let shape = try? Broadcasting.shape([a.shape, b.shape]), shape.elementCount <= Contents.limit
    else { return [] }
    let elements = zip(
      Broadcasting.positions(of: a.shape, over: shape), Broadcasting.positions(of: b.shape, over: shape)
    ).compactMap { combine(a.elements[$0], b.elements[$1]) }
    guard elements.count == shape.elementCount else { return evaluatedContents(context) }
    return [Contents(a.dtype, shape, elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let tensors = try (0..<max(operands.count, 1)).map { try operands.tensor($0, Self.elementTypes) }
    let shape = try Broadcasting.shape(tensors.map(\.shape))
    let dtype = tensors[0].dtype
    if dtype.isInteger {
      let unsigned = dtype.isUnsignedInteger
      var sums = spread(tensors[0].integers(), tensors[0].shape, shape)
      for tensor in tensors.dropFirst() {
        let next = spread(tensor.integers(), tensor.shape, shape)
        for index in sums.indices { sums[index] = fold(sums[index], next[index], unsigned: unsigned) }
      }
      return [.tensor(Tensor(integers: sums, dtype, shape))]
    }
    var sums = spread(tensors[0].doubles(), tensors[0].shape, shape)
    for tensor in tensors.dropFirst() {
      let next = spread(tensor.doubles(), tensor.shape, shape)
      for index in sums.indices { sums[index] = fold(sums[index], next[index]) }
    }
    return [.tensor(Tensor(doubles: sums.map { finish($0, count: tensors.count) }, dtype, shape))]
  }

  private func spread<T>(_ elements: [T], _ from: [Int], _ to: [Int]) -> [T] {
    from == to ? elements : Broadcasting.positions(of: from, over: to).map { elements[$0] }
  }
}
