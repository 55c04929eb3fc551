/// Operators that may only move the channel axis between its places in channels-first and channels-last tensors
/// (Transpose): where the tensor already lies the other way, nothing has to move.
public protocol ChannelMoving: Operator {
  /// What it does to a tensor of a rank; nil for any other order of axes.
  func channelMove(rank: Int) -> ChannelMove?
}

/// Where the second axis of a channels-first tensor goes.
public enum ChannelMove: Sendable {
  /// `[N, C, spatial…]` to `[N, spatial…, C]`.
  case toLast
  /// `[N, spatial…, C]` to `[N, C, spatial…]`.
  case toFirst
}
