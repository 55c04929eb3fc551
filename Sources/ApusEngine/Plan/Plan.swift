public import ApusCore

/// What a device executes: values, the steps that compute them, and the records from which its kernels are revived.
///
/// Steps stand in execution order. Shapes are symbolic; a session evaluates them for the shapes of its inputs.
public struct Plan: Sendable, Codable {
  public var target: PlanTarget
  public var values: [PlanValue]
  public var steps: [PlanStep]
  /// Indices of values, in the order of the model's inputs and outputs.
  public var inputs: [Int]
  public var outputs: [Int]
  /// Upper bounds of data-dependent dimensions.
  public var symbolBounds: [String: Dim]
  /// Ranges of the input symbols that the plan accepts; empty: any.
  public var profiles: [ShapeProfile]

  public init(
    target: PlanTarget, values: [PlanValue] = [], steps: [PlanStep] = [], inputs: [Int] = [],
    outputs: [Int] = [],
    symbolBounds: [String: Dim] = [:], profiles: [ShapeProfile] = []
  ) {
    self.target = target
    self.values = values
    self.steps = steps
    self.inputs = inputs
    self.outputs = outputs
    self.symbolBounds = symbolBounds
    self.profiles = profiles
  }
}

/// The machine that a plan was made for.
public struct PlanTarget: Sendable, Codable, Hashable {
  /// `cpu` or `cuda`.
  public var device: String
  /// Instruction set level of a CPU, or compute capability of a GPU (`sm_90a`).
  public var level: String
  /// Names the device for people.
  public var model: String
  public var precision: String

  public init(device: String, level: String, model: String = "", precision: String = "fp32") {
    self.device = device
    self.level = level
    self.model = model
    self.precision = precision
  }
}

/// A tensor of a plan.
public struct PlanValue: Sendable, Codable {
  public enum Role: Sendable, Codable, Hashable {
    /// Position among the inputs.
    case input(Int)
    /// Lies in the engine file.
    case constant(ConstantReference)
    /// Elements follow from the input shapes; evaluated when a session binds them.
    case shape(SymbolicContents)
    /// Computed by a step.
    case computed
    /// The same memory as another value, under another shape.
    case alias(of: Int)
  }

  /// Whose memory a tensor lies in.
  public enum Place: String, Sendable, Codable, Hashable {
    case host, device
  }

  public var name: String
  public var type: ValueType
  public var layout: Layout
  public var role: Role
  public var place: Place

  public init(
    name: String, type: ValueType, layout: Layout = .rowMajor, role: Role = .computed, place: Place = .host
  ) {
    self.name = name
    self.type = type
    self.layout = layout
    self.role = role
    self.place = place
  }
}

/// Contents in a form that codes.
public struct SymbolicContents: Sendable, Codable, Hashable {
  public var dtype: DType
  public var shape: [Int]
  public var numerators: [Dim]
  public var denominators: [Int]

  public init(_ contents: Contents) {
    dtype = contents.dtype
    shape = contents.shape
    numerators = contents.elements.map(\.numerator)
    denominators = contents.elements.map(\.denominator)
  }

  public var contents: Contents {
    Contents(dtype, shape, zip(numerators, denominators).map { Contents.Element($0, over: $1) })
  }
}

/// Where a constant lies in the engine file.
public struct ConstantReference: Sendable, Codable, Hashable {
  /// Name of the section.
  public var section: String
  public var offset: Int
  public var byteCount: Int

  public init(section: String, offset: Int, byteCount: Int) {
    self.section = section
    self.offset = offset
    self.byteCount = byteCount
  }
}

/// One kernel applied to values.
public struct PlanStep: Sendable, Codable {
  /// Name of the graph node, and the source nodes whose work it does.
  public var name: String
  public var operatorName: String
  public var sources: [String]
  /// Rules that made the node.
  public var rules: [String]
  /// nil: an optional input left out, an output that nobody reads.
  public var inputs: [Int?]
  public var outputs: [Int?]
  public var kernel: KernelRecord
  /// Output that may share the memory of an input, when that dies here: pairs (output, input) of positions.
  public var inPlace: [[Int]]
  /// The node in the text form: late steps infer their output types from it, and references evaluate it.
  public var operatorText: String?
  /// Milliseconds measured when the step's tactic was chosen; nil when it was not timed.
  public var tunedMilliseconds: Double?
  /// What the kernel has to do at the tuned shape; nil where nobody counted.
  public var work: KernelWork?
  /// Of a late step, the types of inputs that its kernel holds packed, by position.
  public var packedTypes: [Int: ValueType]?

  public init(
    name: String, operatorName: String, sources: [String] = [], rules: [String] = [], inputs: [Int?],
    outputs: [Int?],
    kernel: KernelRecord, inPlace: [[Int]] = [], operatorText: String? = nil,
    tunedMilliseconds: Double? = nil, work: KernelWork? = nil, packedTypes: [Int: ValueType]? = nil
  ) {
    self.name = name
    self.operatorName = operatorName
    self.sources = sources
    self.rules = rules
    self.inputs = inputs
    self.outputs = outputs
    self.kernel = kernel
    self.inPlace = inPlace
    self.operatorText = operatorText
    self.tunedMilliseconds = tunedMilliseconds
    self.work = work
    self.packedTypes = packedTypes
  }
}

extension PlanStep {
  /// The least time of the kernel's work over the measured one; nil where one is not known.
  public var rooflineShare: Double? {
    tunedMilliseconds.flatMap { work?.rooflineShare(microseconds: $0 * 1000) }
  }
}

/// From what a device revives a kernel.
public struct KernelRecord: Sendable, Codable {
  /// Key of the reviving code, `device.operator.variant`; `reference` for the operator's own reference.
  public var kind: String
  /// Tactic that made the record.
  public var tactic: String
  public var parameters: AttributeValue
  /// What the tactic chose among, in its own words (`tf32 mma 64x32 s8`); nil where there is nothing to say.
  public var program: String?
  /// Constants that belong to the kernel: packed weights, folded vectors, machine code.
  public var constants: [ConstantReference]

  public init(
    kind: String, tactic: String, parameters: AttributeValue = .record([]),
    constants: [ConstantReference] = []
  ) {
    self.kind = kind
    self.tactic = tactic
    self.parameters = parameters
    self.constants = constants
  }

  /// A record whose parameters are the stored properties of `parameters`.
  public init(
    kind: String, tactic: String, encoding parameters: some Encodable, constants: [ConstantReference] = []
  ) throws {
    self.init(
      kind: kind, tactic: tactic, parameters: try AttributeEncoder.encode(parameters), constants: constants)
  }

  public static let reference = "reference"
}

/// Accepted range of input shapes, and the shape that kernels are tuned for.
public struct ShapeProfile: Sendable, Codable, Hashable {
  public struct Range: Sendable, Codable, Hashable {
    public var min: [Int]
    public var opt: [Int]
    public var max: [Int]

    public init(min: [Int], opt: [Int], max: [Int]) {
      self.min = min
      self.opt = opt
      self.max = max
    }
  }

  /// By input name.
  public var inputs: [String: Range]

  public init(inputs: [String: Range]) { self.inputs = inputs }
}
