import CApusKernels
import Testing

/// All kernel tests run one after another: the level override is shared by the process.
@Suite(.serialized) struct KernelTests {}

/// SplitMix64.
struct Random: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func bool() -> Bool { Bool.random(using: &self) }
  mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}

/// Rounds to nearest even.
func bf16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
}

func float(bf16 value: UInt16) -> Float { Float(bitPattern: UInt32(value) << 16) }

/// Memory aligned for kernels, with elements of type `dtype` set from floats.
final class Buffer {
  let pointer: UnsafeMutableRawPointer
  let dtype: apus_dtype
  let count: Int

  init(_ values: [Float], _ dtype: apus_dtype = APUS_F32) {
    self.dtype = dtype
    count = values.count
    pointer = .allocate(byteCount: max(values.count, 1) * 4, alignment: 64)
    for (i, value) in values.enumerated() {
      if dtype == APUS_BF16 {
        pointer.storeBytes(of: bf16(value), toByteOffset: i * 2, as: UInt16.self)
      } else {
        pointer.storeBytes(of: value, toByteOffset: i * 4, as: Float.self)
      }
    }
  }

  convenience init(bytes: Int) { self.init([Float](repeating: 0, count: bytes / 4 + 1)) }

  deinit { pointer.deallocate() }

  /// The elements as stored: rounded where the type is narrow.
  var values: [Float] {
    (0..<count).map {
      dtype == APUS_BF16
        ? float(bf16: pointer.load(fromByteOffset: $0 * 2, as: UInt16.self))
        : pointer.load(fromByteOffset: $0 * 4, as: Float.self)
    }
  }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
}

/// Runs `body` at every level of this machine, with and without a pool of two threads.
func forEachLevel(cases: Int, seed: UInt64, _ body: (inout Random, OpaquePointer?) throws -> Void) rethrows {
  let pool = apus_pool_create(2, 50)
  defer {
    apus_pool_destroy(pool)
    apus_cpu_override_level(-1)
  }
  for level in 0...apus_cpu_detected_level().rawValue {
    apus_cpu_override_level(level)
    var random = Random(seed &+ UInt64(level))
    for index in 0..<cases { try body(&random, index % 2 == 0 ? nil : pool) }
  }
}

/// Largest difference, relative to the largest expected value.
func difference(_ values: [Float], _ expected: [Double]) -> Double {
  guard values.count == expected.count else { return .infinity }
  var worst = 0.0
  var largest = 1e-3
  for (value, wanted) in zip(values, expected) {
    let error = abs(Double(value) - wanted)
    worst = error.isNaN ? .infinity : max(worst, error)
    largest = max(largest, abs(wanted))
  }
  return worst / largest
}

func tolerance(_ dtype: apus_dtype) -> Double { dtype == APUS_BF16 ? 6e-3 : 3e-5 }

func dtype(_ narrow: Bool) -> apus_dtype { narrow ? APUS_BF16 : APUS_F32 }
