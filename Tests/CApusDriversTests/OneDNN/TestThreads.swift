import CApusDrivers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ways to run the bodies of a loop, the plainest there are.
enum TestThreads: String, CaseIterable, CustomStringConvertible {
  /// A new thread for every body but the last, which the caller runs.
  case spawned
  /// One after another on the calling thread, the highest task first.
  case oneByOne

  var description: String { rawValue }

  func table(_ count: Int) -> apus_threads {
    switch self {
    case .spawned:
      apus_threads(count: Int32(count), run: { runSpawned($1, $2, $3) }, pool: nil)
    case .oneByOne:
      apus_threads(count: Int32(count), run: { runOneByOne($1, $2, $3) }, pool: nil)
    }
  }
}

private typealias Body = @convention(c) (UnsafeMutableRawPointer?, Int32, Int32) -> Void

private struct Job {
  let body: Body
  let context: UnsafeMutableRawPointer?
  let task: Int32
}

private func runOneByOne(_ tasks: Int32, _ body: Body?, _ context: UnsafeMutableRawPointer?) {
  for task in (0..<tasks).reversed() { body?(context, task, 0) }
}

private func runSpawned(_ tasks: Int32, _ body: Body?, _ context: UnsafeMutableRawPointer?) {
  guard let body, tasks > 0 else { return }
  var threads: [pthread_t] = []
  for task in 0..<(tasks - 1) {
    let job = UnsafeMutablePointer<Job>.allocate(capacity: 1)
    job.initialize(to: Job(body: body, context: context, task: task))
    var thread = pthread_t()
    let failed = pthread_create(
      &thread, nil,
      { raw in
        guard let job = raw?.assumingMemoryBound(to: Job.self) else { return nil }
        job.pointee.body(job.pointee.context, job.pointee.task, job.pointee.task + 1)
        job.deallocate()
        return nil
      }, job)
    if failed == 0 {
      threads.append(thread)
    } else {
      body(context, task, 0)
      job.deallocate()
    }
  }
  body(context, tasks - 1, 0)
  for thread in threads { pthread_join(thread, nil) }
}
