/// One thing that is wrong with a model, an input, a flag or a file: what, where, and what to do.
public struct Problem: Hashable, Sendable, Codable {
  /// Stable identifier, listed in `Docs/Errors.md`.
  public var id: ProblemID
  public var message: String
  public var file: String?
  public var node: String?
  public var `operator`: String?
  public var domain: String?
  public var opset: Int?
  public var attribute: String?
  public var value: String?
  public var allowed: String?
  public var fix: String?

  public init(
    _ id: ProblemID, _ message: String, file: String? = nil, node: String? = nil, operator: String? = nil,
    domain: String? = nil, opset: Int? = nil, attribute: String? = nil, value: String? = nil,
    allowed: String? = nil, fix: String? = nil
  ) {
    self.id = id
    self.message = message
    self.file = file
    self.node = node
    self.operator = `operator`
    self.domain = domain
    self.opset = opset
    self.attribute = attribute
    self.value = value
    self.allowed = allowed
    self.fix = fix
  }
}

extension Problem: CustomStringConvertible {
  /// One line: `[APUS-1203] node 'conv1' (Conv, opset 17), attribute pads=[…]: message. Fix: …`
  public var description: String {
    var place: [String] = []
    if let file { place.append("file '\(file)'") }
    if let node { place.append("node '\(node)'") }
    if let `operator` {
      let version = opset.map { ", opset \($0)" } ?? ""
      let prefix = domain.flatMap { $0.isEmpty ? nil : $0 + "." } ?? ""
      place.append("operator \(prefix)\(`operator`)\(version)")
    }
    if let attribute { place.append("attribute \(attribute)" + (value.map { "=\($0)" } ?? "")) }
    var text = "[\(id.code)] "
    if !place.isEmpty { text += place.joined(separator: ", ") + ": " }
    text += message
    if attribute == nil, let value { text += " (value \(value))" }
    if let allowed { text += "; allowed: \(allowed)" }
    if let fix { text += ". Fix: \(fix)" }
    return text
  }
}
