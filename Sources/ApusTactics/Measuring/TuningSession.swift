import ApusCore
import Synchronization

/// The measuring of one build on a device that times kernels itself: what was measured before, how long it may take,
/// who watches.
public final class TuningSession: Sendable {
  public let cache: TimingCache
  private let budget: Duration
  private let progress: @Sendable (Int, Int) -> Void
  private let isCancelled: @Sendable () -> Bool
  private let state = Mutex((spent: Duration.zero, measured: 0, expected: 0))

  /// `progress` is called with the number of the kernel that is timed and of those expected.
  public init(
    cache: TimingCache, budget: Duration, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    (self.cache, self.budget, self.progress, self.isCancelled) = (cache, budget, progress, isCancelled)
  }

  /// Tells how many measurements are to come.
  public func expect(_ count: Int) { state.withLock { $0.expected = $0.measured + count } }

  /// Runs a measurement and counts its time; nil when the budget is spent. Throws when the build is to stop.
  public func measure<Result>(_ body: () throws -> Result) throws -> Result? {
    if isCancelled() { throw ApusError.interrupted }
    let (isOver, number, expected) = state.withLock { state in
      state.measured += 1
      return (state.spent >= budget, state.measured, max(state.expected, state.measured))
    }
    if isOver { return nil }
    progress(number, expected)
    let start = ContinuousClock.now
    defer { state.withLock { $0.spent += ContinuousClock.now - start } }
    return try body()
  }
}
