@_exported public import ApusBuilder
@_exported public import ApusCore
@_exported public import ApusEngine
@_exported public import ApusVision
import ApusTactics

/// A trained model, read from a file.
///
/// ```swift
/// let model = try Model(contentsOf: "resnet50.onnx")
/// let result = try model.optimize()
/// try result.save(to: "resnet50.engine")
/// let session = try Engine(contentsOf: "resnet50.engine").makeSession()
/// let outputs = try session.run(["input": pixels])
/// ```
public struct Model: Sendable {
  public var source: SourceModel

  /// Reads an ONNX model. Throws every problem found in it. `randomWeights` is the seed of weights that the file leaves
  /// out; nil: a model without its weights is an error.
  public init(contentsOf path: String, randomWeights: UInt64? = nil) throws {
    source = try SourceModel(contentsOf: path, randomWeights: randomWeights)
  }

  /// A graph made by a program.
  public init(_ graph: Graph) { source = SourceModel(graph) }

  /// Optimizes for a device.
  public func optimize(device: Device = .auto, _ options: BuildOptions = BuildOptions()) throws
    -> Builder.Result
  {
    try device.check(options.precisions)
    let tactics = try device.tactics(precision: options.precisionText, libraries: options.libraries)
    return try Builder(options: options, tactics: tactics).build(
      source)
  }
}
