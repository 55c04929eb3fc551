/// Stable number of a kind of problem. Numbers are never reused.
///
/// 10xx usage, 11xx files and formats, 12xx models, 13xx shapes and types, 14xx inputs of a run, 15xx engines,
/// 16xx devices and resources, 17xx plugins, 19xx our own bugs.
public struct ProblemID: Hashable, Sendable, Codable {
  public let number: Int
  /// What the problem is in general, one sentence.
  public let summary: String

  init(_ number: Int, _ summary: String) {
    self.number = number
    self.summary = summary
  }

  public var code: String { "APUS-\(number)" }

  public static func == (a: ProblemID, b: ProblemID) -> Bool { a.number == b.number }
  public func hash(into hasher: inout Hasher) { hasher.combine(number) }

  public init(from decoder: any Decoder) throws {
    let code = try decoder.singleValueContainer().decode(String.self)
    let number = Int(code.dropFirst(5)) ?? 0
    self = ProblemID.all.first { $0.number == number } ?? ProblemID(number, "unknown")
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(code)
  }
}

extension ProblemID {
  public static let usage = ProblemID(1001, "A flag or argument is unknown or contradicts another.")
  public static let interrupted = ProblemID(1004, "The user stopped the work.")
  public static let unknownInputName = ProblemID(
    1002, "A name given on the command line is not an input of the model.")
  public static let unknownOutputName = ProblemID(
    1003, "A name given on the command line is not an output or tensor of the model.")

  public static let fileMissing = ProblemID(1101, "A file does not exist or cannot be read.")
  public static let fileUnwritable = ProblemID(1102, "A file cannot be written.")
  public static let damagedFile = ProblemID(
    1103, "A file is truncated or its contents are not what its format demands.")
  public static let unknownFormat = ProblemID(1104, "A file's format is not one that can be read.")
  public static let externalDataOutside = ProblemID(1105, "External data lies outside the model's folder.")
  public static let externalDataShort = ProblemID(1106, "External data is shorter than the tensor needs.")
  public static let badPicture = ProblemID(1107, "A picture cannot be decoded.")
  public static let badData = ProblemID(1108, "A data file (.npy, .npz, .pb) cannot be decoded.")

  public static let unsupportedOperator = ProblemID(1201, "An operator, or its version, is not supported.")
  public static let unsupportedVersion = ProblemID(1202, "The model's IR or opset version is not supported.")
  public static let unsupportedAttribute = ProblemID(1203, "An attribute's value is not supported.")
  public static let invalidAttribute = ProblemID(
    1204, "An attribute is missing, unknown or of the wrong type.")
  public static let wrongInputCount = ProblemID(1205, "A node has too few or too many inputs or outputs.")
  public static let undefinedValue = ProblemID(1206, "A node reads a value that nothing defines before it.")
  public static let duplicateValue = ProblemID(1207, "A value is defined more than once.")
  public static let cycle = ProblemID(1208, "The graph has a cycle.")
  public static let invalidTensor = ProblemID(1209, "An initializer or tensor attribute is malformed.")
  public static let invalidGraph = ProblemID(1210, "The graph breaks a rule of its format.")

  public static let typeMismatch = ProblemID(1301, "Element types do not fit the operator.")
  public static let shapeMismatch = ProblemID(1302, "Shapes do not fit the operator or each other.")
  public static let unsupportedType = ProblemID(1303, "An element type is not supported here.")
  public static let invalidValue = ProblemID(
    1304, "A tensor that steers an operator holds a value it cannot take.")

  public static let inputMissing = ProblemID(1401, "A run lacks an input.")
  public static let inputShape = ProblemID(1402, "An input has a shape that the engine does not take.")
  public static let inputType = ProblemID(1403, "An input has the wrong element type.")
  public static let sessionBusy = ProblemID(1404, "A session was used by two callers at once.")

  public static let engineVersion = ProblemID(
    1501, "The engine was written by another version of the format.")
  public static let engineDamaged = ProblemID(1502, "A part of the engine fails its checksum.")
  public static let engineTarget = ProblemID(1503, "The engine was built for another machine.")

  public static let deviceMissing = ProblemID(1601, "The device, driver or library is not there.")
  public static let precisionMissing = ProblemID(1602, "The device lacks the precision.")
  public static let outOfMemory = ProblemID(1603, "Memory does not suffice.")
  public static let driverFailure = ProblemID(1604, "A driver call failed.")
  public static let accuracyMissed = ProblemID(1605, "The accuracy that was asked for is not reached.")

  public static let pluginMissing = ProblemID(1701, "A plugin is not found.")
  public static let pluginInvalid = ProblemID(1702, "A plugin breaks its contract.")

  public static let internalError = ProblemID(1901, "Apus broke a promise to itself; please report it.")

  /// Every kind, in the order of the numbers.
  public static let all: [ProblemID] = [
    usage, unknownInputName, unknownOutputName, interrupted,
    fileMissing, fileUnwritable, damagedFile, unknownFormat, externalDataOutside, externalDataShort,
    badPicture, badData,
    unsupportedOperator, unsupportedVersion, unsupportedAttribute, invalidAttribute, wrongInputCount,
    undefinedValue,
    duplicateValue, cycle, invalidTensor, invalidGraph,
    typeMismatch, shapeMismatch, unsupportedType, invalidValue,
    inputMissing, inputShape, inputType, sessionBusy,
    engineVersion, engineDamaged, engineTarget,
    deviceMissing, precisionMissing, outOfMemory, driverFailure, accuracyMissed,
    pluginMissing, pluginInvalid, internalError,
  ]
}
