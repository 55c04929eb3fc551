import ApusCore

/// A kernel specialised for a problem, and how to launch it: what tactics make, engines keep and tests check.
public struct KernelSpec: Sendable, Hashable, Codable {
  public var source: KernelSource
  public var geometry: LaunchGeometry
  /// Parameters in order.
  public var parameters: [Parameter]
  /// Scratch memory in bytes; must be zero before the first launch where `zeroedBytes` says so.
  public var workspaceBytes: Int
  /// Bytes behind the workspace that are zero before the first launch; the kernel leaves them zero.
  public var zeroedBytes: Int

  /// What a parameter is bound to.
  public enum Parameter: Sendable, Hashable, Codable {
    /// Address of a named operand (`input`, `weights`, `bias`, `residual`, `gate`, `output`, …); zero when left out.
    case operand(String)
    /// Tensor map over a named operand.
    case map(TensorMapSpec, of: String)
    /// Address of the workspace.
    case workspace
    /// Address behind the workspace where the zeroed bytes lie.
    case zeroed
  }

  public init(
    source: KernelSource, geometry: LaunchGeometry, parameters: [Parameter], workspaceBytes: Int = 0,
    zeroedBytes: Int = 0
  ) {
    self.source = source
    self.geometry = geometry
    self.parameters = parameters
    self.workspaceBytes = workspaceBytes
    self.zeroedBytes = zeroedBytes
  }

  /// Arguments for operands at the given addresses.
  public func arguments(
    _ gpu: any GPU, _ operands: [String: DeviceAddress], workspace: DeviceAddress = 0
  ) throws -> [KernelArgument] {
    try parameters.map { parameter in
      switch parameter {
      case .operand(let name): .address(operands[name] ?? 0)
      case .map(let map, let name): .tensorMap(try gpu.encode(map, address: operands[name] ?? 0))
      case .workspace: .address(workspace)
      case .zeroed: .address(workspace + UInt64(workspaceBytes))
      }
    }
  }
}

/// Element type of a kernel's operand.
public enum KernelElement: String, Sendable, Hashable, Codable, CaseIterable {
  case f16, bf16, f32
  case u8

  public var byteCount: Int {
    switch self {
    case .f16, .bf16: 2
    case .f32: 4
    case .u8: 1
    }
  }

  /// Name of the type in the sources.
  public var name: String { rawValue.uppercased() }
}

/// Activation that a kernel applies to its results.
public enum KernelActivation: Sendable, Hashable, Codable {
  case none, relu
  case clip(Float, Float)
  case leakyReLU(Float)
  case sigmoid, tanh, silu, gelu, geluTanh
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  case elu(Float)
  case mish, softplus

  /// Number in `activation.cuh`, and the two parameters.
  public var code: (kind: Int, alpha: Float, beta: Float) {
    switch self {
    case .none: (0, 0, 0)
    case .relu: (1, 0, 0)
    case .clip(let low, let high): (2, low, high)
    case .leakyReLU(let alpha): (3, alpha, 0)
    case .sigmoid: (4, 0, 0)
    case .tanh: (5, 0, 0)
    case .silu: (6, 0, 0)
    case .gelu: (7, 0, 0)
    case .geluTanh: (8, 0, 0)
    case .hardSigmoid(let alpha, let beta): (9, alpha, beta)
    case .hardSwish: (10, 0, 0)
    case .elu(let alpha): (11, alpha, 0)
    case .mish: (12, 0, 0)
    case .softplus: (13, 0, 0)
    }
  }

  func defines(_ prefix: String = "") -> [KernelSource.Define] {
    let code = code
    return [
      .init("\(prefix)ACTIVATION", code.kind), .init("\(prefix)ALPHA", code.alpha),
      .init("\(prefix)BETA", code.beta),
    ]
  }
}

func ceilDiv(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }

/// The widest of 8, 4, 2 and 1 that divides every count.
func commonVector(_ counts: Int..., limit: Int = 8) -> Int {
  [8, 4, 2, 1].first { width in width <= limit && counts.allSatisfy { $0 % width == 0 } } ?? 1
}
