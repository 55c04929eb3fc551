/// When a GPU vendor's libraries compute what they can beside our own kernels.
public enum LibraryUse: String, Sendable, CaseIterable {
  case never
  /// Where they are there and were measured faster.
  case measured
  /// Wherever they are there.
  case always
}
