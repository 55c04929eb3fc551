import ApusCore
import Glibc

/// The files beside a model that hold its external data; each is mapped once.
///
/// A location must stay within the model's folder, also when symbolic links are followed. The folder is the one of the
/// path that was given, or the one that this path leads to when it is itself a link (as in download caches).
final class ExternalData {
  private let folders: [String]
  private(set) var files: [String: (file: MappedFile, storage: TensorStorage)] = [:]

  /// `modelPath` is nil for models in memory, which cannot have external data.
  init(modelPath: String?) {
    guard let modelPath else {
      folders = []
      return
    }
    let given = Self.resolved(Self.folder(of: modelPath))
    let behind = Self.resolved(modelPath).map(Self.folder)
    folders = [given, behind].compactMap { $0 }
  }

  /// Bytes of the file at `location`.
  func storage(_ location: String) throws(TensorFault) -> TensorStorage {
    if let known = files[location] { return known.storage }
    guard let folder = folders.first else {
      throw TensorFault(
        .fileMissing, "the external data '\(location)' of a model in memory cannot be found",
        fix: "load the model from its file")
    }
    guard !location.isEmpty, !location.hasPrefix("/"), !location.split(separator: "/").contains("..") else {
      throw outside(location)
    }
    let path = folder + "/" + location
    guard let real = Self.resolved(path) else {
      throw TensorFault(
        .fileMissing, "the external data file does not exist", file: path,
        fix: "put '\(location)' beside the model")
    }
    guard folders.contains(where: { real.hasPrefix($0 == "/" ? $0 : $0 + "/") }) else {
      throw outside(location)
    }
    do {
      let file = try MappedFile(path: real)
      let storage = file.storage()
      files[location] = (file, storage)
      return storage
    } catch {
      let reason = (error as? ApusError)?.problems.first?.message ?? "\(error)"
      throw TensorFault(.fileMissing, reason, file: path, fix: "put '\(location)' beside the model")
    }
  }

  private func outside(_ location: String) -> TensorFault {
    TensorFault(
      .externalDataOutside, "external data must lie in the model's folder", value: location,
      allowed: "a path relative to the model, without '..' and links that lead out of its folder",
      fix: "copy the data beside the model and export with a relative location")
  }

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
