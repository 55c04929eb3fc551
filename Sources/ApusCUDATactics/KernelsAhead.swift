import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics
import Synchronization

/// What a graph will ask of the compiler and of the tuner.
private struct KernelsAhead {
  var sources: Set<KernelSource> = []
  /// Keys of choices that are to be measured.
  var measured: Set<String> = []
}

extension CUDAContext {
  /// Does on all processors what lowering would do node by node: compiles what the nodes are likely to need, or what
  /// `tuning` will measure, and packs the constants of programs that are chosen already.
  func prepare(_ graph: Graph, sizes: [[String: Int]], tuning: TuningSession?) {
    let nodes = Array(graph.allNodes)
    let tactics = tactics.compactMap { $0 as? any CUDATactic }
    let sizes = sizes.isEmpty ? [[:]] : sizes
    let all = Mutex(KernelsAhead())
    ThreadPool(threads: min(nodes.count, ThreadPool.processorCount)).run(nodes.count) { index in
      let ahead = self.ahead(TacticNode(nodes[index], in: graph), tactics, sizes, tuning)
      all.withLock {
        $0.sources.formUnion(ahead.sources)
        $0.measured.formUnion(ahead.measured)
      }
    }
    let ahead = all.withLock { $0 }
    tuning?.expect(ahead.measured.count)
    compile(ahead.sources)
  }

  private func ahead(
    _ node: TacticNode, _ tactics: [any CUDATactic], _ sizes: [[String: Int]], _ tuning: TuningSession?
  ) -> KernelsAhead {
    var ahead = KernelsAhead()
    let serving = tactics.first { tactic in
      tactic.operators.contains { $0.name == node.op.operatorName } && tactic.supports(node).reason == nil
    }
    guard let serving, case .yes(let signatures) = serving.supports(node) else { return ahead }
    for symbols in sizes {
      for signature in signatures.prefix(2) {
        guard let concrete = ConcreteNode(node, signature, symbols: symbols),
          concrete.outputs.contains(where: { ($0?.elementCount ?? 0) > 0 }),
          let programs = try? serving.programs(concrete)
        else { continue }
        var wanted = Array(programs.prefix(1))
        var isChosen = true
        if let tuning, let tuner, programs.count > 1 {
          let key = tuner.key(concrete, self)
          if let known = tuning.cache[key] {
            // Where a library won, the first of ours stands behind it.
            let winners = programs.filter { $0.label == known.tactic }
            if !winners.isEmpty { wanted = winners }
          } else {
            wanted = ProgramTuner.promising(programs)
            isChosen = false
            ahead.measured.insert(key)
          }
        }
        for program in wanted { ahead.sources.formUnion(program.launches.map(\.spec.source)) }
        // What fails is tried again by lowering, which says why.
        if isChosen { for program in wanted { for packed in program.packed { _ = try? packed.tensor() } } }
      }
    }
    return ahead
  }
}
