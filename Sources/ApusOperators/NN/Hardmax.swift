public import ApusCore

/// 1 at the first largest element along `axis`, 0 elsewhere. ONNX Hardmax 1, 11, 13.
public struct Hardmax: AxisNormalization {
  public var axis = -1
  public var flattened = false

  public static var importers: [Importer] { axisImporters("Hardmax") }

  public init() {}

  public func normalize(_ line: inout [Double]) {
    let largest = line.indices.max { line[$0] < line[$1] || (line[$0] == line[$1] && $0 > $1) }
    for index in line.indices { line[index] = index == largest ? 1 : 0 }
  }
}
