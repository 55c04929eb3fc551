public import ApusCore
public import ApusEngine

/// Times runs of a plan.
public enum Timing {
  /// Median milliseconds of repeated runs on bound memory, after a warm-up; at most about `seconds` long.
  public static func medianMilliseconds(
    _ executable: ExecutablePlan, _ inputs: [String: Tensor], threads: Int, seconds: Double = 1
  ) throws -> Double {
    let session = Session(executable, options: SessionOptions(threads: threads))
    let binding = try session.bind(inputs: inputs)
    let clock = ContinuousClock()
    let first = try clock.measure { try binding.execute() } / .seconds(1)
    let runs = max(3, min(200, Int(seconds / max(first, 1e-6))))
    if runs > 3 { for _ in 0..<min(5, runs) { try binding.execute() } }
    var times: [Double] = []
    let end = clock.now + .seconds(seconds * 1.5)
    for _ in 0..<runs {
      // A device's own clock, without the copies to and from the host, where all the work is the device's.
      let milliseconds = try binding.deviceMilliseconds()
      times.append(
        try milliseconds ?? clock.measure { try binding.execute() } / .milliseconds(1))
      if clock.now > end && times.count >= 3 { break }
    }
    return times.sorted()[times.count / 2]
  }
}
