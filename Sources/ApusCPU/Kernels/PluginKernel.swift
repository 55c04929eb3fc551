import ApusCore
public import ApusEngine
import ApusOperators

/// The CPU implementation that a plugin brings along.
public struct PluginKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    /// The operator alone, in the text form.
    public var text: String

    public init(text: String) { self.text = text }
  }

  public static let kind = "cpu.plugin"
  private let plugin: any CPUPlugin

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    let graph = try GraphParser.parse(parameters.text, catalogue: .withPlugins, constants: [])
    guard let plugin = graph.allNodes.first?.op as? any CPUPlugin else {
      throw ApusError(
        .resources,
        Problem(
          .pluginMissing, "a plugin of the engine is not loaded, or has no implementation for the CPU",
          value: parameters.text, fix: "load its library with --plugin, or register it"))
    }
    self.plugin = plugin
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    try plugin.prepareForCPU(context)
  }
}
