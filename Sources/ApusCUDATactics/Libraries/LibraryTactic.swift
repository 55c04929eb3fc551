import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics
import Synchronization

/// A library's way to compute nodes: its programs compete with those of our own tactics that serve the node, which is
/// thus never without a kernel where the library is missing.
protocol LibraryTactic: Sendable {
  /// Name in reports.
  var name: String { get }
  var operators: [any Operator.Type] { get }

  /// What the library would compute for a node; nil where it cannot. `absorbed` inputs must be constants, which the
  /// programs pack.
  func work(_ node: ConcreteNode, absorbed: Set<Int>) -> LibraryWork?

  /// Where the work's operands lie, and the packed ones among them.
  func operands(_ node: ConcreteNode, absorbed: Set<Int>) throws -> (
    places: [String: CUDAProgram.Operand], packed: [Tensor]
  )
}

extension CUDAContext {
  /// The most scratch memory of a library's program, and how many of its ways are tried.
  private static var libraryWorkspace: Int { 32 << 20 }
  private static var libraryCount: Int { 3 }

  /// Libraries that can compute the node, were they there.
  private func serving(_ node: ConcreteNode, absorbed: Set<Int>) -> [(any LibraryTactic, LibraryWork)] {
    guard libraryUse != .never, gpu != nil else { return [] }
    let absent = absentLibraries.withLock { $0 }
    return libraryTactics.compactMap { tactic in
      guard tactic.operators.contains(where: { $0.name == node.op.operatorName }),
        let work = tactic.work(node, absorbed: absorbed), !absent.contains(work.library)
      else { return nil }
      return (tactic, work)
    }
  }

  func hasLibrary(for node: ConcreteNode, absorbed: Set<Int>) -> Bool {
    !serving(node, absorbed: absorbed).isEmpty
  }

  /// Programs of the libraries that are there, and why others gave none.
  func libraryPrograms(_ node: ConcreteNode, absorbed: Set<Int>) -> (
    programs: [CUDAProgram], refusals: [String]
  ) {
    var found: [CUDAProgram] = []
    var refusals: [String] = []
    for (tactic, work) in serving(node, absorbed: absorbed) {
      guard let gpu else { continue }
      do {
        let choices = try gpu.choices(
          for: work, workspaceBytes: Self.libraryWorkspace, count: Self.libraryCount)
        guard !choices.isEmpty else { continue }
        let (places, packed) = try tactic.operands(node, absorbed: absorbed)
        for (number, choice) in choices.enumerated() {
          let label = "\(work.math.rawValue) \(work.library.rawValue) \(number)"
          var program = CUDAProgram(label, [], packed: packed)
          program.tactic = tactic.name
          program.call = CUDAProgram.Call(work: work, choice: choice, operands: places)
          program.tolerance = work.tolerance
          program.arithmetic = work.arithmetic
          found.append(program)
        }
      } catch let error as ApusError where error.problems.first?.id == .deviceMissing {
        // Nobody has to have it, and `apus doctor` says so once.
        absentLibraries.withLock { _ = $0.insert(work.library) }
      } catch { refusals.append("\(tactic.name): \(error)") }
    }
    return (found, refusals)
  }
}

extension LibraryWork {
  /// How operands are multiplied.
  fileprivate var math: ConvolutionProblem.Math {
    switch self {
    case .product(let product): product.math
    case .convolution(let convolution): convolution.math
    }
  }

  /// Greatest error of a result; nil: that of the element type.
  fileprivate var tolerance: Double? { math == .tf32 ? 5e-3 : nil }
  fileprivate var arithmetic: Arithmetic { math.arithmetic }
}
