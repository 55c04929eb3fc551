import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics

/// A tactic that computes a node by launches of our own kernels.
protocol CUDATactic: Tactic {
  var context: CUDAContext { get }

  /// Programs that compute the node at concrete sizes, the most promising first; throws when there is none.
  func programs(_ node: ConcreteNode) throws -> [CUDAProgram]

  /// Inputs that programs do not read from the plan: packed or steering ones.
  func absorbed(_ node: TacticNode) -> Set<Int>

  /// Pairs (output, input) that may share memory.
  func inPlace(_ node: TacticNode) -> [[Int]]
}

/// Launches in order, with what they share.
struct CUDAProgram {
  /// Where a parameter's tensor is.
  enum Operand {
    case input(Int)
    case output(Int)
    /// Position in `packed`.
    case packed(Int)
    case temporary(Int)
  }

  /// A constant that kernels read; made when its program is taken, as most candidates never are.
  struct Packed {
    let tensor: () throws -> Tensor

    init(_ tensor: Tensor) { self.tensor = { tensor } }
    init(made make: @escaping () throws -> Tensor) { tensor = make }
  }

  struct Launch {
    var spec: KernelSpec
    var operands: [String: Operand]
  }

  /// What a library does in the place of launches, where it is there.
  struct Call {
    var work: LibraryWork
    var choice: LibraryChoice
    var operands: [String: Operand]
  }

  /// What a report calls it.
  var label: String
  /// Name of the tactic that made it, where that is not the one that serves the node.
  var tactic: String?
  var launches: [Launch]
  var call: Call?
  var packed: [Packed] = []
  var temporaryBytes = 0
  /// Greatest error relative to the largest result; nil: that of the element type.
  var tolerance: Double?
  /// Microseconds that a cost model expects; nil without one.
  var expected: Double?
  /// What its multiplications run on; nil where bytes alone bound it.
  var arithmetic: Arithmetic?

  init(_ label: String, _ spec: KernelSpec, _ operands: [String: Operand], packed: [Tensor] = []) {
    self.label = label
    launches = [Launch(spec: spec, operands: operands)]
    self.packed = packed.map { Packed($0) }
  }

  init(_ label: String, _ launches: [Launch], packed: [Tensor] = [], temporaryBytes: Int = 0) {
    self.label = label
    self.launches = launches
    self.packed = packed.map { Packed($0) }
    self.temporaryBytes = temporaryBytes
  }
}

extension CUDAProgram {
  /// A library's program with one of ours for machines that lack the library.
  func backed(by own: CUDAProgram) -> CUDAProgram {
    var both = self
    both.temporaryBytes = own.temporaryBytes
    both.launches = own.launches.map { launch in
      var moved = launch
      moved.operands = launch.operands.mapValues { operand in
        if case .packed(let index) = operand { .packed(packed.count + index) } else { operand }
      }
      return moved
    }
    both.packed += own.packed
    return both
  }
}

extension CUDATactic {
  func absorbed(_ node: TacticNode) -> Set<Int> { [] }
  func inPlace(_ node: TacticNode) -> [[Int]] { [] }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    var writer = CUDARecordWriter(context, constants)
    var refusals: [String] = []
    for symbols in node.sizes.isEmpty ? [[:]] : node.sizes {
      guard let concrete = ConcreteNode(node, layouts, symbols: symbols) else {
        throw ApusError(
          .unsupportedOperator,
          Problem(
            .unsupportedOperator, "sizes are known only when it runs", node: node.name,
            operator: node.op.operatorName))
      }
      guard !writer.holds(concrete, absorbed: absorbed(node)) else { continue }
      let choice = try choose(concrete, node, layouts, symbols)
      refusals += choice?.refusals ?? []
      try writer.add(choice?.program, choice?.microseconds, concrete, absorbed: absorbed(node))
    }
    var built = BuiltKernel(
      try writer.record(tactic: name), absorbedInputs: absorbed(node),
      inPlace: writer.overwritesInputs ? inPlace(node) : [])
    built.refusals = refusals
    (built.milliseconds, built.work) = (writer.tunedMilliseconds, writer.tunedWork)
    return built
  }

  /// The program for the node at concrete sizes; nil where there is nothing to compute.
  private func choose(
    _ concrete: ConcreteNode, _ node: TacticNode, _ layouts: LayoutSignature, _ symbols: [String: Int]
  ) throws -> ProgramTuner.Choice? {
    guard concrete.outputs.contains(where: { $0.map { $0.elementCount > 0 } ?? false }) else { return nil }
    let programs = try programs(concrete)
    guard let first = programs.first else { throw concrete.refusal("no kernel takes these sizes") }
    let absorbed = absorbed(node)
    if [.always, .only].contains(context.libraryUse),
      let call = context.libraryPrograms(concrete, absorbed: absorbed).programs.first
    {
      return ProgramTuner.Choice(program: context.libraryUse == .only ? call : call.backed(by: first))
    }
    if let tuner = context.tuner, let session = node.tuning,
      programs.count > 1 || context.hasLibrary(for: concrete, absorbed: absorbed),
      let choice = try tuner.choose(
        programs, node, layouts, symbols, concrete, session, absorbed: absorbed, context)
    {
      return choice
    }
    return ProgramTuner.Choice(program: first)
  }
}

extension LayoutSignature {
  /// Row-major everywhere; only some inputs are read from the plan.
  static func rowMajor(_ node: TacticNode, reading inputs: Set<Int>) -> LayoutSignature {
    LayoutSignature(
      inputs: node.inputs.indices.map { inputs.contains($0) ? .rowMajor : nil },
      outputs: node.outputs.map { _ in .rowMajor })
  }
}

/// Gathers the variants of one step, their machine code and their packed constants.
struct CUDARecordWriter {
  private let context: CUDAContext
  private let pool: ConstantPool
  private var variants: [CUDAKernelRecord.Variant] = []
  private var references: [ConstantReference] = []
  private var packed: Set<Int> = []
  /// Tactics that made the programs, where that was not the one that serves the node; nil stands for that one.
  private var makers: Set<String?> = []
  /// Whether results may take the place of inputs.
  private(set) var overwritesInputs = true

  init(_ context: CUDAContext, _ pool: ConstantPool) {
    self.context = context
    self.pool = pool
  }

  private func shapes(_ node: ConcreteNode, _ absorbed: Set<Int>) -> (inputs: [[Int]?], outputs: [[Int]?]) {
    (
      node.inputs.enumerated().map { absorbed.contains($0) ? nil : $1?.shape },
      node.outputs.map { $0?.shape }
    )
  }

  /// Whether there is a variant for these sizes.
  func holds(_ node: ConcreteNode, absorbed: Set<Int>) -> Bool {
    let (inputs, outputs) = shapes(node, absorbed)
    return variants.contains { $0.inputs == inputs && $0.outputs == outputs }
  }

  /// Adds a variant; `program` nil: nothing to compute.
  mutating func add(
    _ program: CUDAProgram?, _ microseconds: Double?, _ node: ConcreteNode, absorbed: Set<Int>
  ) throws {
    let (inputs, outputs) = shapes(node, absorbed)
    var variant = CUDAKernelRecord.Variant(
      inputs: inputs, outputs: outputs, label: program?.label ?? "nothing to compute")
    if let program {
      variant.microseconds = microseconds
      variant.temporaryBytes = program.temporaryBytes
      makers.insert(program.tactic)
      for launch in program.launches { variant.launches.append(try self.launch(launch, program)) }
      if let call = program.call, !call.work.overwritesInputs { overwritesInputs = false }
      variant.call = try program.call.map { call in
        CUDAKernelRecord.Call(
          work: call.work, choice: call.choice, operands: try operands(call.operands, program))
      }
      // A library's call has ours behind it, for machines without the library.
      let places =
        variant.call.map { Array($0.operands.values) } ?? variant.launches.flatMap(\.operands.values)
      variant.work = node.work(
        program.arithmetic, absorbed: absorbed,
        constantBytes: Set(places.compactMap(\.constant)).reduce(0) { $0 + references[$1].byteCount },
        context.properties)
    }
    variants.append(variant)
  }

  private mutating func launch(_ launch: CUDAProgram.Launch, _ program: CUDAProgram) throws
    -> CUDAKernelRecord.Launch
  {
    let image = position(of: pool.add(try context.image(launch.spec.source)))
    return CUDAKernelRecord.Launch(
      launch.spec, image: image, operands: try operands(launch.operands, program))
  }

  private mutating func operands(_ places: [String: CUDAProgram.Operand], _ program: CUDAProgram)
    throws -> [String: CUDAKernelRecord.Operand]
  {
    try places.mapValues { operand in
      switch operand {
      case .input(let index): return .input(index)
      case .output(let index): return .output(index)
      case .temporary(let offset): return .temporary(offset)
      case .packed(let index):
        let place = position(of: pool.add(try program.packed[index].tensor()))
        packed.insert(place)
        return .constant(place)
      }
    }
  }

  private mutating func position(of reference: ConstantReference) -> Int {
    if let found = references.firstIndex(of: reference) { return found }
    references.append(reference)
    return references.count - 1
  }

  /// Of the first variant, which is that of the tuned shape.
  var tunedMilliseconds: Double? { variants.first?.microseconds.map { $0 / 1000 } }
  var tunedWork: KernelWork? { variants.first?.work }

  /// The record of the tactic that serves the node, or of the one that made all of its programs.
  func record(tactic: String) throws -> KernelRecord {
    let tactic = makers.count == 1 ? (makers.first ?? nil) ?? tactic : tactic
    var record = try KernelRecord(
      kind: CUDAKernelRecord.kind, tactic: tactic,
      encoding: CUDAKernelRecord(variants: variants, packed: packed.sorted()), constants: references)
    record.program = Set(variants.map(\.label)).sorted().joined(separator: "; ")
    return record
  }
}

extension CUDAKernelRecord.Operand {
  fileprivate var constant: Int? {
    if case .constant(let position) = self { position } else { nil }
  }
}
