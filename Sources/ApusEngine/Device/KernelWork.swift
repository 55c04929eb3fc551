/// What one call of a kernel has to do, and how long its device needs for that at best.
public struct KernelWork: Sendable, Hashable, Codable {
  /// Multiplications and additions.
  public var operations: Double
  /// Constants that are read once a run, so from memory.
  public var constantBytes: Double
  /// What is read and written besides.
  public var activationBytes: Double
  /// The larger of the times for the operations and for the bytes at the rates that the device sustains.
  public var floorMicroseconds: Double

  public init(
    operations: Double, constantBytes: Double, activationBytes: Double, floorMicroseconds: Double
  ) {
    self.operations = operations
    self.constantBytes = constantBytes
    self.activationBytes = activationBytes
    self.floorMicroseconds = floorMicroseconds
  }

  /// The floor's part of a measured time: 1 where nothing is left to gain.
  public func rooflineShare(microseconds: Double) -> Double? {
    microseconds > 0 ? floorMicroseconds / microseconds : nil
  }
}
