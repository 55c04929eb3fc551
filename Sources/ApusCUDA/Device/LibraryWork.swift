/// A library of NVIDIA's that computes beside our own kernels; never required.
public enum CUDALibrary: String, Sendable, Hashable, Codable, CaseIterable {
  case cublasLt = "cuBLASLt"
  case cudnn = "cuDNN"
}

/// Something that a library can compute.
public enum LibraryWork: Sendable, Hashable, Codable {
  case product(MatrixProduct)
  case convolution(LibraryConvolution)

  public var library: CUDALibrary {
    switch self {
    case .product: .cublasLt
    case .convolution: .cudnn
    }
  }

  /// Whether the result may take the place of a residual.
  public var overwritesInputs: Bool {
    switch self {
    case .product: true
    // The library does not promise it.
    case .convolution(let convolution): !convolution.hasResidual
    }
  }

  /// Names of the operands that a call reads and writes.
  public var operands: Set<String> {
    switch self {
    case .product(let product): product.operands
    case .convolution(let convolution): convolution.operands
    }
  }
}

/// A library's way to do some work: what engines keep of it.
public struct LibraryChoice: Sendable, Hashable, Codable {
  /// Version of the library that gave it, as the library counts; another one chooses anew.
  public var version: Int
  /// The library's own description, which only it reads.
  public var description: String
  /// Scratch memory that it needs.
  public var workspaceBytes: Int

  public init(version: Int, description: String, workspaceBytes: Int) {
    self.version = version
    self.description = description
    self.workspaceBytes = workspaceBytes
  }
}

/// Addresses of one call: operands at multiples of 16, the workspace at one of `workspaceAlignment`.
public struct LibraryOperands: Sendable, Hashable {
  /// cuBLASLt refuses less on Hopper.
  public static let workspaceAlignment = 256

  public var addresses: [String: DeviceAddress]
  public var workspace: DeviceAddress

  public init(_ addresses: [String: DeviceAddress], workspace: DeviceAddress) {
    self.addresses = addresses
    self.workspace = workspace
  }
}
