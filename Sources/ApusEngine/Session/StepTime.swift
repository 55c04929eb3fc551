/// What one step of a run costs.
public struct StepTime: Sendable {
  public var microseconds: Double
  /// Whether it is the device's own time, from its clock; else the host's.
  public var isOnDevice: Bool
  /// What the step's kernel has to do; nil where nobody counted.
  public var work: KernelWork?
}

extension BoundPlan {
  /// The cost of each step, medians of `runs`.
  ///
  /// Steps that a device runs as one recording are timed by replaying ever longer beginnings of it: what a beginning
  /// takes longer than the one before is the last step's, where it stands in the run. The sum is that of the recording.
  func profile(runs: Int, pool: ThreadPool) throws -> [StepTime] {
    try run(pool: pool)
    var times = steps.map { StepTime(microseconds: 0, isOnDevice: false, work: $0.work) }
    guard let device else {
      let all = try (0..<max(1, runs)).map { _ in try hostMicroseconds(pool) }
      for number in steps.indices { times[number].microseconds = Self.median(all.map { $0[number] }) }
      return times
    }
    do {
      for segment in device.segments {
        let numbers = segment.steps.filter(enqueues)
        let costs =
          try segment.isRecordable
          ? recordedMicroseconds(numbers, device, runs, pool)
          : singleMicroseconds(numbers, device, runs, pool)
        for (number, cost) in zip(numbers, costs) {
          times[number].microseconds = cost
          times[number].isOnDevice = executable.onDevice[number]
        }
      }
    } catch {
      device.recover()
      throw error
    }
    return times
  }

  /// Whether a run does anything for a step.
  private func enqueues(_ number: Int) -> Bool {
    if fixedSteps.contains(number) { return false }
    if case .skipped = steps[number].mode { return false }
    return true
  }

  /// One run of a plan without a device.
  private func hostMicroseconds(_ pool: ThreadPool) throws -> [Double] {
    let clock = ContinuousClock()
    return try steps.indices.map { number in
      try clock.measure { try runStep(number, pool) } / .microseconds(1)
    }
  }

  private func recordedMicroseconds(_ numbers: [Int], _ device: DeviceSide, _ runs: Int, _ pool: ThreadPool)
    throws -> [Double]
  {
    func replay(_ numbers: some Sequence<Int>) throws -> Double {
      let graph = try device.stream.capture { for number in numbers { try runStep(number, pool) } }
      device.isPending = false
      try graph.launch()
      return Self.median(
        try (0..<max(1, runs)).map { _ in try device.stream.milliseconds { try graph.launch() } * 1000 })
    }
    guard let first = numbers.first else { return [] }
    // The first step's own time is what repeating it adds; the rest of a recording of it alone is the start.
    let once = try replay([first])
    var costs = [max(0, try replay([first, first]) - once)]
    var reached = once
    for count in numbers.indices.dropFirst() {
      let time = max(reached, try replay(numbers[...count]))
      costs.append(time - reached)
      reached = time
    }
    return costs
  }

  /// Copies between the memories on the device's clock, everything else on the host's.
  private func singleMicroseconds(_ numbers: [Int], _ device: DeviceSide, _ runs: Int, _ pool: ThreadPool)
    throws -> [Double]
  {
    let clock = ContinuousClock()
    return try numbers.map { number in
      Self.median(
        try (0..<max(1, runs)).map { _ in
          let time =
            try executable.onDevice[number]
            ? device.stream.milliseconds { try runStep(number, pool) } * 1000
            : clock.measure { try runStep(number, pool) } / .microseconds(1)
          try device.settle()
          return time
        })
    }
  }

  private static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
}

extension BoundPlan.Step {
  fileprivate var work: KernelWork? {
    if case .prepared(let kernel) = mode { kernel.work } else { nil }
  }
}
