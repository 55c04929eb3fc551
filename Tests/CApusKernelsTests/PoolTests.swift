import CApusKernels
import Testing

extension KernelTests {
  @Test(arguments: [1, 2, 5]) func poolRunsEveryTaskOnce(threads: Int32) throws {
    let pool = try #require(apus_pool_create(threads, 20))
    defer { apus_pool_destroy(pool) }
    #expect(apus_pool_threads(pool) == threads)
    for tasks in [0, 1, 2, 7, 1000] {
      let counts = UnsafeMutablePointer<Int32>.allocate(capacity: max(tasks, 1))
      defer { counts.deallocate() }
      counts.initialize(repeating: 0, count: max(tasks, 1))
      apus_pool_run(
        pool, tasks,
        { context, task, _ in context?.assumingMemoryBound(to: Int32.self)[task] += 1 }, counts)
      #expect((0..<tasks).allSatisfy { counts[$0] == 1 })
    }
  }

  @Test func nestedLoopsRunSerially() throws {
    struct Context {
      var pool: OpaquePointer?
      var counts: UnsafeMutablePointer<Int32>
    }
    let pool = try #require(apus_pool_create(3, 0))
    defer { apus_pool_destroy(pool) }
    let counts = UnsafeMutablePointer<Int32>.allocate(capacity: 20)
    counts.initialize(repeating: 0, count: 20)
    defer { counts.deallocate() }
    var context = Context(pool: pool, counts: counts)
    apus_pool_run(
      pool, 20,
      { context, task, _ in
        guard let context else { return }
        let outer = context.assumingMemoryBound(to: Context.self).pointee
        apus_pool_run(
          outer.pool, 5, { count, _, _ in count?.assumingMemoryBound(to: Int32.self).pointee += 1 },
          outer.counts + task)
      }, &context)
    #expect((0..<20).allSatisfy { counts[$0] == 5 })
  }
}
