import ApusCore
public import ApusEngine

/// A kernel of the CPU device: revived from a record by its kind.
public protocol CPUKernel: Kernel {
  /// What a tactic decided; written to the engine.
  associatedtype Parameters: Codable & Sendable

  /// Key of the record, `cpu.conv`.
  static var kind: String { get }

  /// `constants` are the record's, valid as long as the engine.
  init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws
}

extension CPUKernel {
  /// The record of a kernel with these parameters.
  public static func record(
    _ parameters: Parameters, tactic: String, constants: [ConstantReference] = []
  ) throws -> KernelRecord {
    try KernelRecord(kind: kind, tactic: tactic, encoding: parameters, constants: constants)
  }

  static func revive(_ record: KernelRecord, _ constants: [UnsafeRawBufferPointer]) throws -> any Kernel {
    do {
      return try Self(AttributeDecoder.decode(Parameters.self, from: record.parameters), constants: constants)
    } catch let error as ApusError { throw error } catch {
      throw ApusError(
        .invalidModel,
        Problem(.engineDamaged, "parameters of kernel '\(record.kind)' cannot be read: \(error)"))
    }
  }
}

/// A constant that a kernel keeps a pointer to; the engine outlives it.
public struct ConstantBytes: @unchecked Sendable {
  public let base: UnsafeRawPointer?
  public let byteCount: Int

  public init(_ bytes: UnsafeRawBufferPointer?) {
    base = bytes?.baseAddress
    byteCount = bytes?.count ?? 0
  }
}
