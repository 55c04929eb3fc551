import CApusKernels
import Glibc

/// The threads of a session: they spin shortly between kernels, then park.
public final class ThreadPool: @unchecked Sendable {
  /// `apus_pool *`; nil for one thread.
  public let handle: OpaquePointer?
  public let threads: Int

  /// `spinMicroseconds` bounds how long an idle worker keeps its core.
  public init(threads: Int, spinMicroseconds: Int = 50) {
    let wanted = max(1, threads)
    handle = wanted > 1 ? apus_pool_create(Int32(clamping: wanted), Int32(clamping: spinMicroseconds)) : nil
    self.threads = handle == nil ? 1 : wanted
  }

  deinit { if let handle { apus_pool_destroy(handle) } }

  /// Runs `body` once for each of `count` tasks, on all threads.
  public func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    guard handle != nil, count > 1 else {
      for index in 0..<max(count, 0) { body(index) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var task = Task(body: body)
      withUnsafeMutablePointer(to: &task) { pointer in
        apus_pool_run(
          handle, count,
          { context, index, _ in context?.assumingMemoryBound(to: Task.self).pointee.body(index) }, pointer)
      }
    }
  }

  private struct Task {
    let body: @Sendable (Int) -> Void
  }

  /// Processors that this process may use.
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
