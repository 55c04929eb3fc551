/// Blocks, threads, clusters and shared memory of one launch.
public struct LaunchGeometry: Sendable, Hashable, Codable {
  /// Three extents.
  public struct Extents: Sendable, Hashable, Codable {
    public var x: Int
    public var y: Int
    public var z: Int

    public init(_ x: Int, _ y: Int = 1, _ z: Int = 1) {
      self.x = x
      self.y = y
      self.z = z
    }

    public var count: Int { x * y * z }
  }

  public var grid: Extents
  public var block: Extents
  /// Blocks that share their shared memory; nil without clusters.
  public var cluster: Extents?
  /// Dynamic shared memory of a block.
  public var sharedBytes: Int
  /// Whether the kernel waits itself before it touches what its predecessor wrote, and may thus start early.
  public var startsEarly: Bool

  public init(
    grid: Extents, block: Extents, cluster: Extents? = nil, sharedBytes: Int = 0, startsEarly: Bool = true
  ) {
    self.grid = grid
    self.block = block
    self.cluster = cluster
    self.sharedBytes = sharedBytes
    self.startsEarly = startsEarly
  }
}
