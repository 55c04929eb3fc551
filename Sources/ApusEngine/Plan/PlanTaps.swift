public import ApusCore

extension Plan {
  /// A tensor inside a plan that can be made visible.
  public struct Tap: Sendable, Hashable {
    /// Name of the tensor in the source model, where it has one there.
    public var name: String
    public var layout: Layout
    /// Position of the step that computes it.
    public var step: Int
  }

  /// Every tensor that a step computes and that is no output yet, once, in the order of the steps.
  public var taps: [Tap] {
    var seen = Set(outputs.map { values[$0].name })
    var found: [Tap] = []
    for (number, step) in steps.enumerated() {
      for case let output? in step.outputs {
        let value = values[output]
        // Reordered copies carry a suffix; the tensor itself comes before them.
        guard case .computed = value.role, step.operatorName != LayoutReorder.name else { continue }
        let name = value.baseName
        if seen.insert(name).inserted { found.append(Tap(name: name, layout: value.layout, step: number)) }
      }
    }
    return found
  }

  /// The plan with more outputs, in the order of `taps`, each in the layout that it has inside.
  public func tapped(_ taps: [Tap]) -> Plan {
    var plan = self
    for tap in taps {
      guard steps.indices.contains(tap.step) else { continue }
      let output = steps[tap.step].outputs.compactMap { $0 }.first { values[$0].baseName == tap.name }
      if let output { plan.outputs.append(output) }
    }
    return plan
  }
}

extension PlanValue {
  /// The tensor's name without the mark of its layout.
  public var baseName: String {
    let mark = "#\(layout.rawValue)"
    return layout != .rowMajor && name.hasSuffix(mark) ? String(name.dropLast(mark.count)) : name
  }
}
