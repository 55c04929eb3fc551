public import ApusCore

/// An operator of the ONNX standard, and how Apus imports it.
public struct StandardOperator: Sendable, Hashable {
  /// "" is the default domain.
  public var domain: String
  public var opType: String
  /// Operator sets in which it is imported, by an importer of its own or from its function body; empty: in none.
  public var opsets: [ClosedRange<Int>]
  /// Whether only the function body of the standard imports it.
  public var isInlined: Bool

  /// Every operator of the standard, by domain and name.
  public static func all(catalogue: OperatorCatalogue) -> [StandardOperator] {
    let table = ImporterTable(catalogue)
    return SchemaTable.shared.operators.map { key in
      let newest = OperatorSchemas.newest[key.domain] ?? 1
      let first = SchemaTable.shared.firstVersion(domain: key.domain, opType: key.opType) ?? 1
      let versions = first...max(first, newest)
      let own = versions.filter { version in
        table.importer(domain: key.domain, opType: key.opType, version: version) != nil
      }
      let imported = versions.filter { version in
        own.contains(version)
          || SchemaFunctions.body(domain: key.domain, opType: key.opType, version: version) != nil
      }
      return StandardOperator(
        domain: key.domain, opType: key.opType, opsets: ranges(imported),
        isInlined: own.isEmpty && !imported.isEmpty)
    }
    .sorted { ($0.domain, $0.opType) < ($1.domain, $1.opType) }
  }

  /// Ascending numbers as ranges without gaps.
  private static func ranges(_ numbers: [Int]) -> [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges
  }
}
