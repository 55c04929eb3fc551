/// When a GPU vendor's libraries compute what they can beside our own kernels.
public enum LibraryUse: String, Sendable, CaseIterable {
  case never
  /// Where they are there and were measured faster.
  case measured
  /// Wherever they are there.
  case always
  /// As always, but with no kernel of ours behind them where they fail or are missing: shows what they do.
  case only
}
