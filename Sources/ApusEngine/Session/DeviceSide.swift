/// What a bound plan has on a device with memory of its own: arena, scratch, stream and recordings.
final class DeviceSide {
  /// Steps in a row.
  struct Segment {
    var steps: Range<Int>
    var isRecordable: Bool
    var graph: (any DeviceGraph)?
  }

  let stream: any DeviceStream
  let arena: any DeviceAllocation
  let arenaBytes: Int
  let memory: any DeviceMemory
  private(set) var scratch: (any DeviceAllocation)?
  private(set) var zeroed: (any DeviceAllocation)?
  private(set) var scratchBytes = 0
  private var zeroedBytes = 0
  /// The step that needs most of the scratch.
  private var largestUser = ""
  var segments: [Segment] = []
  /// Whether the host has yet to wait for work that was enqueued.
  var isPending = false

  /// `largest` names the tensor that takes most of the arena.
  init(_ memory: any DeviceMemory, arenaBytes: Int, largest: String?) throws {
    self.memory = memory
    self.arenaBytes = arenaBytes
    stream = try memory.makeStream()
    arena = try memory.allocate(
      max(arenaBytes, 64), for: "the activations\(largest.map { ", of which \($0) is the largest," } ?? "")")
  }

  func reserve(_ kernel: PreparedKernel, for step: String) {
    if kernel.scratchBytes > scratchBytes { largestUser = step }
    scratchBytes = max(scratchBytes, kernel.scratchBytes)
    zeroedBytes = max(zeroedBytes, kernel.zeroedBytes)
  }

  func allocateScratch() throws {
    if scratchBytes > 0 {
      scratch = try memory.allocate(scratchBytes, for: "the scratch of '\(largestUser)'")
    }
    guard zeroedBytes > 0 else { return }
    let counters = try memory.allocate(zeroedBytes, for: "the kernels' counters")
    try counters.zero()
    zeroed = counters
  }

  /// Waits for everything enqueued.
  func settle() throws {
    guard isPending else { return }
    isPending = false
    try stream.synchronize()
  }

  /// Brings everything back to where a run can start after one has failed.
  func recover() {
    isPending = true
    try? settle()
    try? zeroed?.zero()
  }

  /// Rows of steps that are recordable, or not.
  static func segments(_ recordable: [Bool]) -> [Segment] {
    var segments: [Segment] = []
    for (number, flag) in recordable.enumerated() {
      if let last = segments.indices.last, segments[last].isRecordable == flag {
        segments[last].steps = segments[last].steps.lowerBound..<number + 1
      } else {
        segments.append(Segment(steps: number..<number + 1, isRecordable: flag))
      }
    }
    return segments
  }
}
