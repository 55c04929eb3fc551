import ApusEngine
import ApusCore
import ApusOperators
import FoundationEssentials

extension Builder.Result {
  /// Writes the engine file. Returns its size in bytes.
  @discardableResult
  public func save(to path: String) throws -> Int {
    try EngineWriter.write(
      header(), sections: try EngineSections.all(lowered, portable, lean: options.lean), to: path)
  }

  private func header() -> EngineHeader {
    let graph = model.graph
    let stamps = PluginRegistry.shared.stamps(for: optimized)
    let tensors = { (ids: [ValueID]) in
      ids.map { EngineHeader.Tensor(name: graph[$0].name, type: graph[$0].type) }
    }
    return EngineHeader(
      apusVersion: Report.version, name: graph.name.isEmpty ? model.fileName : graph.name,
      source: .init(
        file: model.fileName, digest: model.digest, producer: model.producer, opsets: model.opsets),
      inputs: tensors(graph.inputs), outputs: tensors(graph.outputs),
      plans: [
        EngineHeader.PlanEntry(target: lowered.plan.target, steps: lowered.plan.steps.count, arenaBytes: 0)
      ], portable: !options.lean, metadata: options.metadata,
      plugins: stamps.isEmpty ? nil : stamps)
  }
}

/// The sections of an engine with one plan.
enum EngineSections {
  static func all(
    _ lowered: LoweredPlan, _ portable: PortablePart, lean: Bool
  ) throws -> [(name: String, contents: EngineWriter.Contents)] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let plan = lean ? self.lean(lowered, portable) : lowered.plan
    var sections: [(name: String, contents: EngineWriter.Contents)] = [
      ("plan.0", .bytes(Array(try encoder.encode(plan)))), ("packed.0", .constants(lowered.constants)),
    ]
    if !lean {
      sections += [
        ("graph", .bytes(Array(portable.text.utf8))),
        ("constants", .bytes(Array(try encoder.encode(portable.table)))),
        ("weights", .constants(portable.weights)),
      ]
    }
    return sections
  }

  /// Without the portable part, constants that the plan shares with it move to the packed ones.
  private static func lean(_ lowered: LoweredPlan, _ portable: PortablePart) -> Plan {
    var plan = lowered.plan
    for index in plan.values.indices {
      guard case .constant(let reference) = plan.values[index].role,
        reference.section == portable.weights.section,
        let tensor = portable.tensor(at: reference)
      else { continue }
      plan.values[index].role = .constant(lowered.constants.add(tensor))
    }
    return plan
  }
}

extension PortablePart {
  func tensor(at reference: ConstantReference) -> Tensor? {
    guard let row = table.firstIndex(where: { $0.offset == reference.offset }) else { return nil }
    return weights.tensors.first {
      $0.byteCount == reference.byteCount && weights.add($0).offset == table[row].offset
    }
  }
}
