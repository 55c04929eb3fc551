import CApusSystem

/// Ctrl-C while something long is under way.
enum Interrupt {
  /// From now on the first Ctrl-C is only noted, the second ends the process. Returns what tells whether it came.
  static func catchFirst() -> @Sendable () -> Bool {
    apus_catch_interrupt()
    return { apus_interrupted() }
  }
}
