import ApusCUDA
import ApusCore
import ApusEngine

/// Runs the GPU kernels through the library on a real device and compares them with plain loops, then nodes and graphs
/// with the references of their operators; with arguments also ONNX conformance folders and whole models (see
/// `Arguments`). Closes with `N passed, N failed`.
@main struct GPUCheck {
  static func main() async {
    do {
      if try await run() > 0 { exitProcess(1) }
    } catch {
      print("\(error)")
      print("0 passed, 1 failed")
      exitProcess((error as? ApusError)?.exitCode ?? 70)
    }
  }

  static func run() async throws -> Int {
    let arguments = try Arguments(CommandLine.arguments.dropFirst())
    for finding in CUDALibraries.findings() {
      print("\(finding.name): \(finding.version ?? "-") \(finding.path ?? finding.problem ?? "")")
    }
    let gpu = try DriverGPU()
    print(
      "\(gpu.properties.name), \(gpu.properties.target), \(gpu.properties.multiprocessors) multiprocessors")
    let bench = try Bench(gpu)
    let cases = (convolutionCases(gpu.properties) + otherCases(gpu.properties)).filter {
      arguments.takes($0.label)
    }
    let images = bench.cache.images(cases.map(\.spec.source), target: gpu.properties.target, threads: 16)
    var tally = Tally()
    for (test, image) in zip(cases, images) {
      tally.add(test.label) { try bench.outcome(test, image: try image.get()) }
    }
    for (number, group) in graphChecks.enumerated() {
      var made: [GraphCheck] = []
      do { made = try group() } catch { tally.add("group \(number)") { throw error } }
      let checks = made.filter { arguments.takes($0.label) }
      await compile(checks, gpu, bench.cache)
      for check in checks { tally.add(check.label) { try check.outcome(gpu, bench.cache) } }
    }
    nodeChecks(arguments, gpu, bench.cache, &tally)
    libraryChecks(arguments, gpu, bench.cache, &tally)
    try runConformance(arguments, gpu, bench.cache, &tally)
    for path in arguments.models { runModel(path, arguments, gpu, bench.cache, &tally) }
    print("\(tally.passed) passed, \(tally.failed) failed")
    return tally.failed
  }

  /// Compiles the kernels of all checks at once.
  private static func compile(_ checks: [GraphCheck], _ gpu: DriverGPU, _ cache: KernelCache) async {
    await withTaskGroup(of: Void.self) { group in
      for check in checks {
        group.addTask { _ = try? check.lowered(gpu, cache, ConstantPool(section: "packed.0")) }
      }
    }
  }
}

/// Counts outcomes while it prints them.
struct Tally {
  var passed = 0
  var failed = 0

  mutating func add(_ label: String, _ run: () throws -> Bench.Outcome) {
    // What is known must be seen where a later case ends the process.
    defer { flushOutput() }
    do {
      let outcome = try run()
      outcome.isRight ? (passed += 1) : (failed += 1)
      print("\(outcome.isRight ? "ok" : "FAIL") \(label): \(outcome.text)")
    } catch {
      failed += 1
      print("FAIL \(label): \(error)")
    }
  }
}

/// A kernel, what it is given, and what it must give.
struct Case {
  var label: String
  var spec: KernelSpec
  var operands: [String: Operand]
  var output: String
  var outputElement: KernelElement
  var expected: [Float]
}

/// Values as they are stored.
struct Operand {
  var element: KernelElement
  /// Rounded to the element type.
  var values: [Float]

  init(_ element: KernelElement, _ values: [Float]) {
    self.element = element
    self.values = values.map { element.rounded($0) }
  }

  var bytes: [UInt8] { values.flatMap { element.bytes($0) } }
}

extension KernelElement {
  func rounded(_ value: Float) -> Float {
    switch self {
    case .f16: Float(Float16(value))
    case .bf16: Float(bitPattern: UInt32(bfloat(value)) << 16)
    case .f32: value
    case .u8: value.rounded()
    }
  }

  func bytes(_ value: Float) -> [UInt8] {
    switch self {
    case .f16: withUnsafeBytes(of: Float16(value).bitPattern) { Array($0) }
    case .bf16: withUnsafeBytes(of: bfloat(value)) { Array($0) }
    case .f32: withUnsafeBytes(of: value) { Array($0) }
    case .u8: [UInt8(value)]
    }
  }

  func values(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { raw in
      (0..<bytes.count / byteCount).map { index in
        switch self {
        case .f16: Float(Float16(bitPattern: raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
        case .bf16:
          Float(bitPattern: UInt32(raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) << 16)
        case .f32: raw.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
        case .u8: Float(raw[index])
        }
      }
    }
  }

  /// Largest relative error of a whole result.
  var tolerance: Double { self == .f16 ? 1e-3 : self == .bf16 ? 6e-3 : 5e-6 }

  private func bfloat(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  }
}
