import Glibc

public import ApusCore

/// `log(softmax(x))` along `axis`. ONNX LogSoftmax 1, 11, 13.
public struct LogSoftmax: AxisNormalization {
  public var axis = -1
  public var flattened = false

  public static var importers: [Importer] { axisImporters("LogSoftmax") }

  public init() {}

  public func normalize(_ line: inout [Double]) {
    let largest = line.max() ?? 0
    let logSum = log(line.reduce(0.0) { $0 + exp($1 - largest) })
    for index in line.indices { line[index] -= largest + logSum }
  }
}
