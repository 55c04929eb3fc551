import ApusCore
public import ApusEngine

/// A tactic that was chosen, with its kernel.
public struct TacticChoice: Sendable {
  public var built: BuiltKernel
  /// Time of one call at the tuned shape; nil when it was not measured.
  public var milliseconds: Double?
  /// Rivals that failed or lost, with the reason.
  public var refusals: [String]

  public init(_ built: BuiltKernel, milliseconds: Double? = nil, refusals: [String] = []) {
    self.built = built
    self.milliseconds = milliseconds
    self.refusals = refusals
  }
}

/// Chooses among tactics that can run a node with given layouts.
public protocol TacticChooser {
  /// `rivals` is not empty; the first is the safe default.
  func choose(
    _ rivals: [any Tactic], _ node: TacticNode, _ signature: LayoutSignature, _ constants: ConstantPool
  ) throws -> TacticChoice
}

/// Takes the first tactic whose kernel can be built: no measurement, deterministic.
public struct FirstTactic: TacticChooser {
  public init() {}

  public func choose(
    _ rivals: [any Tactic], _ node: TacticNode, _ signature: LayoutSignature, _ constants: ConstantPool
  ) throws -> TacticChoice {
    var refusals: [String] = []
    for tactic in rivals {
      do {
        let built = try tactic.build(node, layouts: signature, constants: constants)
        return TacticChoice(built, refusals: refusals + built.refusals)
      } catch let error as ApusError where error.endsLowering {
        throw error
      } catch {
        refusals.append("\(tactic.name): \(error)")
      }
    }
    throw ApusError(
      .internal,
      Problem(
        .internalError, "no kernel could be built: \(refusals.joined(separator: "; "))", node: node.name,
        operator: node.op.operatorName))
  }
}
