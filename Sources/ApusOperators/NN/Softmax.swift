import Glibc

public import ApusCore

/// `exp(x) / Σ exp(x)` along `axis`. ONNX Softmax 1, 11, 13.
public struct Softmax: AxisNormalization {
  public var axis = -1
  public var flattened = false

  public static var importers: [Importer] { axisImporters("Softmax") }

  public init() {}
  public init(axis: Int) { self.axis = axis }

  public func normalize(_ line: inout [Double]) {
    let largest = line.max() ?? 0
    var sum = 0.0
    for index in line.indices {
      line[index] = exp(line[index] - largest)
      sum += line[index]
    }
    for index in line.indices { line[index] /= sum }
  }
}
