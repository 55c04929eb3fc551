import ApusCore
import ApusOperators

/// Stands for control flow: types come from the first branch.
struct TwoBranches: Operator {
  var thenBranch = Graph()
  var elseBranch = Graph()

  static var importers: [Importer] {
    [
      .onnx("If") { node in
        var op = TwoBranches()
        op.thenBranch = try node.require("then_branch", node.graph("then_branch"))
        op.elseBranch = try node.require("else_branch", node.graph("else_branch"))
        return op
      }
    ]
  }

  func infer(_ context: InferenceContext) throws -> [ValueType] {
    thenBranch.outputs.map { thenBranch[$0].type }
  }
  func evaluate(_ operands: Operands) throws -> [Value] { [] }
}

struct Echo: Operator {
  static let name = "Identity"
  static var importers: [Importer] { [.onnx("Identity") { _ in Echo() }] }
  func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(try context.tensor(0))] }
  func evaluate(_ operands: Operands) throws -> [Value] { [.tensor(try operands.tensor(0))] }
}

extension OperatorCatalogue {
  /// The standard operators, control flow replaced by one that only keeps its bodies.
  static let forTests = OperatorCatalogue(
    [TwoBranches.self, Echo.self]
      + OperatorCatalogue.standard.all.filter { $0.name != "Identity" && $0.name != "If" })
}
