public import ApusEngine

/// A plugin of a shared library that puts its work into the stream itself.
public struct CUDALibraryKernel: Kernel {
  public static let kind = "cuda.library"
  private let plugin: LibraryPlugin

  init(_ plugin: LibraryPlugin) { self.plugin = plugin }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel { try plugin.prepared(context) }
}
