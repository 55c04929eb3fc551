public import ApusCore

/// An operator of control flow: it runs graphs that it holds.
public protocol BodyOperator: Operator {
  /// Always as many, in one order. What replaces a body has its inputs and outputs.
  var bodies: [Graph] { get set }

  /// The bodies with types that hold whenever they run; nil where there are none.
  func typedBodies(_ context: InferenceContext) throws -> [Graph]?
}
