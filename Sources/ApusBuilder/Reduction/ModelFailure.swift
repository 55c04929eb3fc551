/// How a model fails.
public struct ModelFailure: Error, Sendable, Hashable, Codable {
  /// What makes two failures the same: the number of the first problem (`APUS-1203`), `outputs differ`, or the exit
  /// status of a command.
  public var kind: String
  /// What happened, for people.
  public var message: String

  public init(kind: String, message: String) {
    self.kind = kind
    self.message = message
  }
}

extension ModelFailure: CustomStringConvertible {
  public var description: String { "\(kind): \(message)" }
}
