import Apus
import ApusCore
import Glibc
import Synchronization

/// Several sessions of one executable, each on a thread of its own, running at the same time.
final class SessionFleet: Sendable {
  /// Milliseconds of every run of one session, and what it computed last.
  private struct Lane: Sendable {
    var times: [Double] = []
    var outputs: [String: Tensor] = [:]
  }

  private let executable: ExecutablePlan
  private let inputs: [String: Tensor]
  private let lanes: Mutex<[Result<Lane, any Error>]> = Mutex([])

  init(_ executable: ExecutablePlan, inputs: [String: Tensor]) {
    self.executable = executable
    self.inputs = inputs
  }

  /// Runs `count` sessions of `threads` threads each until every one has made `iterations` runs, or for `seconds`.
  /// Returns all times and the seconds of the whole. Throws what any session threw, and when results differ.
  func run(_ count: Int, threads: Int, warmup: Int, iterations: Int?, seconds: Double) throws
    -> (times: [Double], seconds: Double)
  {
    let start = ContinuousClock.now
    try onThreads(count) { [self] in
      let result = Result { try lane(threads, warmup, iterations, seconds) }
      lanes.withLock { $0.append(result) }
    }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let done = try lanes.withLock { try $0.map { try $0.get() } }
    guard let first = done.first else { return ([], elapsed) }
    for other in done.dropFirst() {
      for (name, tensor) in first.outputs where !Self.agree(tensor, other.outputs[name]) {
        throw ApusError(
          .internal,
          Problem(.internalError, "sessions that ran at the same time differ in output '\(name)'"))
      }
    }
    return (done.flatMap(\.times), elapsed)
  }

  private func lane(_ threads: Int, _ warmup: Int, _ iterations: Int?, _ seconds: Double) throws -> Lane {
    let session = Session(executable, options: SessionOptions(threads: threads))
    let binding = try session.bind(inputs: inputs)
    for _ in 0..<max(1, warmup) { try binding.execute() }
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var lane = Lane()
    while iterations.map({ lane.times.count < $0 }) ?? (clock.now < end || lane.times.count < 3) {
      lane.times.append(try clock.measure { try binding.execute() } / .milliseconds(1))
    }
    lane.outputs = try binding.outputs()
    return lane
  }

  /// Bit for bit.
  private static func agree(_ left: Tensor, _ right: Tensor?) -> Bool {
    guard let right, left.type == right.type else { return false }
    return left.withUnsafeBytes { a in right.withUnsafeBytes { b in a.elementsEqual(b) } }
  }

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on `count` new threads and waits for all.
  private func onThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) throws {
    var threads: [pthread_t] = []
    defer { for thread in threads { pthread_join(thread, nil) } }
    for _ in 0..<count {
      var thread = pthread_t()
      let work = Unmanaged.passRetained(Work(body))
      let status = pthread_create(
        &thread, nil,
        { pointer in
          if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body() }
          return nil
        }, work.toOpaque())
      guard status == 0 else {
        work.release()
        throw ApusError(
          .resources, Problem(.outOfMemory, "a thread cannot be started", fix: "lower --sessions"))
      }
      threads.append(thread)
    }
  }
}
