public import ApusCore

/// The shape of a tensor, from axis `start` to before `end`, as INT64. ONNX Shape 1, 13, 15, 19, 21, 23.
public struct ShapeOf: Operator {
  public var start = 0
  public var end: Int?

  public static let name = "Shape"
  public static var importers: [Importer] {
    [.onnx("Shape") { node in ShapeOf(start: try node.int("start", default: 0), end: try node.int("end")) }]
  }

  public init() {}

  public init(start: Int, end: Int?) {
    self.start = start
    self.end = end
  }

  private func axes(rank: Int) -> Range<Int> {
    func clamp(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    let (first, last) = (clamp(start), clamp(end ?? rank))
    return first..<max(first, last)
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard let rank = try context.tensor(0).rank else { return [.tensor(.i64, [context.fresh("rank")])] }
    return [.tensor(.i64, [.constant(axes(rank: rank).count)])]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let shape = context.optional(0)?.shape else { return [] }
    let dims = Array(shape[axes(rank: shape.count)])
    return [Contents(.i64, [dims.count], dims: dims)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let shape = try operands.tensor(0).shape
    return [.tensor(Tensor(shape[axes(rank: shape.count)].map(Int64.init)))]
  }
}
