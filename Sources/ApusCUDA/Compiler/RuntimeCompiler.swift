import ApusCore
import CApusDrivers
import Glibc

/// NVRTC: turns kernel sources into machine code. Needs no GPU.
public struct RuntimeCompiler: @unchecked Sendable {
  // The table is written once, before this value exists; NVRTC may be called from several threads.
  private let table: UnsafePointer<apus_nvrtc>
  /// `13.0`.
  public let version: String
  public let path: String
  /// Compute capabilities that it compiles for.
  public let capabilities: [Int]

  /// Throws `deviceMissing` when NVRTC is not found.
  public init(folders: [String]? = nil) throws {
    let folders = folders ?? CUDALibraries.folders()
    let (table, finding) = CUDALibraries.withFolders(folders) { apus_nvrtc_open($0, $1, $2) }
    guard let table else {
      throw ApusError(
        .resources,
        Problem(
          .deviceMissing, "NVRTC, which compiles GPU kernels, was not found: \(finding.problem ?? "")",
          fix: "pip install nvidia-cuda-nvrtc, or install the CUDA toolkit, or name its folder in APUS_NVRTC")
      )
    }
    self.table = table
    var major: Int32 = 0
    var minor: Int32 = 0
    _ = table.pointee.version(&major, &minor)
    version = "\(major).\(minor)"
    path = finding.path ?? ""
    var count: Int32 = 0
    _ = table.pointee.architecture_count(&count)
    var capabilities = [Int32](repeating: 0, count: Int(count))
    if count > 0 { _ = table.pointee.architectures(&capabilities) }
    self.capabilities = capabilities.map(Int.init)
  }

  /// Machine code of `source` for `target` (`sm_90a`).
  public func cubin(_ source: KernelSource, target: String) throws -> [UInt8] {
    let text = try source.expanded()
    return try compile(text, source.name, options: Self.options(target)) { program in
      try Self.bytes(program, table.pointee.cubin_size, table.pointee.cubin)
    }
  }

  /// PTX of `source` for `target` (`compute_80`), which later GPUs run too.
  public func ptx(_ source: KernelSource, target: String) throws -> [UInt8] {
    let text = try source.expanded()
    return try compile(text, source.name, options: Self.options(target)) { program in
      try Self.bytes(program, table.pointee.ptx_size, table.pointee.ptx)
    }
  }

  static func options(_ target: String) -> [String] {
    ["-arch=\(target)", "-default-device", "--std=c++17", "-diag-suppress=177"]
  }

  private func compile(
    _ text: String, _ name: String, options: [String], _ read: (apus_nvrtc_program) throws -> [UInt8]
  ) throws -> [UInt8] {
    var program: apus_nvrtc_program?
    guard table.pointee.create(&program, text, name, 0, nil, nil) == 0, let program else {
      throw ApusError(.resources, Problem(.driverFailure, "NVRTC does not take \(name)"))
    }
    defer {
      var dead: apus_nvrtc_program? = program
      _ = table.pointee.destroy(&dead)
    }
    let strings = options.map { strdup($0) }
    defer { for string in strings { free(string) } }
    let code = strings.map { UnsafePointer($0) }.withUnsafeBufferPointer {
      table.pointee.compile(program, Int32($0.count), $0.baseAddress)
    }
    guard code == 0 else {
      let log = (try? Self.bytes(program, table.pointee.log_size, table.pointee.log)) ?? []
      let said = String(decoding: log.prefix { $0 != 0 }, as: UTF8.self)
      throw ApusError(.internal, Problem(.internalError, "kernel \(name) does not compile: \(said)"))
    }
    return try read(program)
  }

  private static func bytes(
    _ program: apus_nvrtc_program, _ size: (apus_nvrtc_program, UnsafeMutablePointer<Int>) -> Int32,
    _ read: (apus_nvrtc_program, UnsafeMutablePointer<CChar>) -> Int32
  ) throws -> [UInt8] {
    var count = 0
    guard size(program, &count) == 0, count > 0 else {
      throw ApusError(.internal, Problem(.internalError, "NVRTC gave no result"))
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let code = buffer.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { read(program, $0) } ?? 1 }
      guard code == 0 else { throw ApusError(.internal, Problem(.internalError, "NVRTC gave no result")) }
      filled = count
    }
  }
}
