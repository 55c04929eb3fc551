/// Why something could not be done: all problems at once, under one class with the exit code of the command line.
public struct ApusError: Error, Sendable {
  /// The classes of `{"error":{"class":…}}`.
  public enum Category: String, Sendable, Codable {
    case usage
    case unsupportedOperator = "unsupported-operator"
    case unsupportedParameter = "unsupported-parameter"
    case invalidModel = "invalid-model"
    case invalidInput = "invalid-input"
    case missingFile = "missing-file"
    case resources
    case interrupted
    case `internal`

    /// Process exit code (sysexits.h numbering; 130 as shells report Ctrl-C).
    public var exitCode: Int32 {
      switch self {
      case .usage: 64
      case .unsupportedOperator, .unsupportedParameter, .invalidModel, .invalidInput: 65
      case .missingFile: 66
      case .resources: 69
      case .internal: 70
      case .interrupted: 130
      }
    }
  }

  public var category: Category
  public var problems: [Problem]

  public init(_ category: Category, _ problems: [Problem]) {
    self.category = category
    self.problems = problems
  }

  public init(_ category: Category, _ problem: Problem) { self.init(category, [problem]) }

  public var exitCode: Int32 { category.exitCode }

  /// What long work ends with when its caller wants to stop.
  public static var interrupted: ApusError {
    ApusError(.interrupted, Problem(.interrupted, "stopped before it was done", fix: "run it again"))
  }
}

extension ApusError: CustomStringConvertible {
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
