public import ApusEngine

/// A step of a plan on a GPU as the engine keeps it: for every set of shapes the launches that compute it.
///
/// Machine code and packed constants are constants of the kernel's record; they are named by their position there.
public struct CUDAKernelRecord: Sendable, Hashable, Codable {
  /// Kind of the records that hold one.
  public static let kind = "cuda.kernels"

  /// What a parameter of a launch is bound to.
  public enum Operand: Sendable, Hashable, Codable {
    case input(Int)
    case output(Int)
    /// Position among the record's constants.
    case constant(Int)
    /// Offset in the step's scratch memory.
    case temporary(Int)
  }

  /// One kernel.
  public struct Launch: Sendable, Hashable, Codable {
    /// Position of the machine code among the record's constants.
    public var image: Int
    public var function: String
    public var geometry: LaunchGeometry
    public var parameters: [KernelSpec.Parameter]
    public var operands: [String: Operand]
    public var workspaceBytes: Int
    public var zeroedBytes: Int
  }

  /// Work that a library does.
  public struct Call: Sendable, Hashable, Codable {
    public var work: LibraryWork
    public var choice: LibraryChoice
    public var operands: [String: Operand]

    public init(work: LibraryWork, choice: LibraryChoice, operands: [String: Operand]) {
      self.work = work
      self.choice = choice
      self.operands = operands
    }
  }

  /// The launches for one set of shapes.
  public struct Variant: Sendable, Hashable, Codable {
    /// Shapes of inputs and outputs; nil for those that are left out or packed.
    public var inputs: [[Int]?]
    public var outputs: [[Int]?]
    public var launches: [Launch]
    /// A library's call that takes the place of the launches where the library is there.
    public var call: Call?
    /// Scratch memory for what one launch leaves to another.
    public var temporaryBytes: Int
    /// What a report calls the choice, `mma 64x32 s8`.
    public var label: String
    /// Microseconds that were measured when the variant was chosen.
    public var microseconds: Double?
    public var work: KernelWork?

    public init(inputs: [[Int]?], outputs: [[Int]?], label: String) {
      self.inputs = inputs
      self.outputs = outputs
      self.label = label
      launches = []
      temporaryBytes = 0
    }
  }

  public var variants: [Variant]
  /// Positions of packed constants, which go to the GPU once.
  public var packed: [Int]

  public init(variants: [Variant], packed: [Int]) {
    self.variants = variants
    self.packed = packed
  }
}

extension CUDAKernelRecord.Launch {
  /// The launch of a specialised kernel.
  public init(_ spec: KernelSpec, image: Int, operands: [String: CUDAKernelRecord.Operand]) {
    self.init(
      image: image, function: spec.source.entry, geometry: spec.geometry, parameters: spec.parameters,
      operands: operands, workspaceBytes: spec.workspaceBytes, zeroedBytes: spec.zeroedBytes)
  }
}

extension CUDAKernelRecord.Variant {
  /// Where the workspace of launches lies in the scratch memory, behind what one leaves to another.
  var workspaceOffset: Int { (temporaryBytes + 255) / 256 * 256 }
  /// Scratch memory of the launches, and what of it they find zero and leave zero.
  var scratchBytes: Int { workspaceOffset + (launches.map(\.workspaceBytes).max() ?? 0) }
  var zeroedBytes: Int { launches.map(\.zeroedBytes).max() ?? 0 }

  /// Positions of the constants that it reads, its library's call or its launches.
  func constants(byLibrary: Bool) -> Set<Int> {
    let operands = byLibrary ? [call?.operands ?? [:]] : launches.map(\.operands)
    return operands.reduce(into: []) { found, named in
      for case .constant(let position) in named.values { found.insert(position) }
    }
  }
}
