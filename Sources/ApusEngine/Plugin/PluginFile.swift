public import ApusCore

/// Plugins in files, by the files' names: CUDA C++ sources end with `.cu`, all others are shared libraries.
public enum PluginFile {
  /// Loads a file and registers its plugins.
  ///
  /// - Returns: The plugins of the file.
  @discardableResult
  public static func load(_ path: String, into registry: PluginRegistry) throws -> [PluginDescription] {
    path.hasSuffix(".cu")
      ? [try KernelPluginFile.load(path, into: registry)] : try PluginLibrary.load(path, into: registry)
  }
}
