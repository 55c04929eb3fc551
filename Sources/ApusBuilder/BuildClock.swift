/// Where the seconds of a build go.
struct BuildClock {
  private(set) var phases: [Report.Phase] = []
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant

  init(since start: ContinuousClock.Instant) { (self.start, last) = (start, start) }

  /// Everything since the last phase's end was `name`.
  mutating func end(_ name: String) {
    let now = ContinuousClock.now
    phases.append(Report.Phase(name: name, seconds: (now - last) / .seconds(1)))
    last = now
  }

  /// Seconds from the start to the end of the last phase.
  var seconds: Double { (last - start) / .seconds(1) }
}
