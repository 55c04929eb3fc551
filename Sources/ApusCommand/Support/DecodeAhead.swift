import Glibc

/// Produces numbered items on a thread of its own, a few ahead of whoever takes them: pictures are decoded while the
/// model runs.
final class DecodeAhead<Item: Sendable> {
  private let queue: Queue
  private let worker: Worker?
  private var taken = 0

  /// `make` is called for 0 ..< `count`, in order; at most `room` items wait.
  init(count: Int, room: Int = 2, make: @escaping @Sendable (Int) throws -> Item) {
    queue = Queue(count: count, room: room, make: make)
    worker = Worker { [queue] in queue.produce() }
  }

  deinit {
    queue.stop()
    worker?.join()
  }

  /// The next item, nil after the last; throws what making it threw.
  func next() throws -> Item? {
    guard taken < queue.count else { return nil }
    taken += 1
    return try worker != nil ? queue.take().get() : queue.make(taken - 1)
  }

  /// What the two threads share.
  private final class Queue: @unchecked Sendable {
    let count: Int
    let make: @Sendable (Int) throws -> Item
    private let room: Int
    private var ready: [Result<Item, any Error>] = []
    private var isStopped = false
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    init(count: Int, room: Int, make: @escaping @Sendable (Int) throws -> Item) {
      (self.count, self.room, self.make) = (count, room, make)
      lock = .allocate(capacity: 1)
      changed = .allocate(capacity: 1)
      pthread_mutex_init(lock, nil)
      pthread_cond_init(changed, nil)
    }

    deinit {
      pthread_mutex_destroy(lock)
      pthread_cond_destroy(changed)
      lock.deallocate()
      changed.deallocate()
    }

    private func locked<R>(_ body: () -> R) -> R {
      pthread_mutex_lock(lock)
      defer { pthread_mutex_unlock(lock) }
      return body()
    }

    func produce() {
      for index in 0..<count {
        let item = Result { try make(index) }
        let goesOn = locked {
          while ready.count >= room && !isStopped { pthread_cond_wait(changed, lock) }
          ready.append(item)
          pthread_cond_broadcast(changed)
          return !isStopped
        }
        if !goesOn { return }
      }
    }

    func take() -> Result<Item, any Error> {
      locked {
        while ready.isEmpty { pthread_cond_wait(changed, lock) }
        pthread_cond_broadcast(changed)
        return ready.removeFirst()
      }
    }

    func stop() {
      locked {
        isStopped = true
        pthread_cond_broadcast(changed)
      }
    }
  }
}

/// A thread that runs one body.
private final class Worker {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private var thread = pthread_t()

  /// nil where the system has no more threads.
  init?(_ run: @escaping @Sendable () -> Void) {
    let body = Unmanaged.passRetained(Body(run))
    let status = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      return nil
    }
  }

  func join() { pthread_join(thread, nil) }
}
