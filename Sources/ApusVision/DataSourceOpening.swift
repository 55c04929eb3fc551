public import ApusCore

extension DataSource {
  /// The data at a path, for a model with these inputs.
  ///
  /// - Parameters:
  ///   - preprocess: what is done to pictures; nil scales them to 0...1.
  ///   - readTensorProto: needed for `test_data_set_*`.
  public static func open(
    _ path: String, inputs: [Input], preprocess: Preprocess? = nil, readTensorProto: TensorProtoReader? = nil
  ) throws -> DataSource {
    guard FileBytes.exists(path) else {
      throw ApusError(.missingFile, Problem(.fileMissing, "does not exist", file: path))
    }
    guard FileBytes.isFolder(path) else { return try openFile(path, inputs, preprocess) }
    let names = try FileBytes.names(inFolder: path)
    func paths(_ isWanted: (String) -> Bool) -> [String] { names.filter(isWanted).map { "\(path)/\($0)" } }
    let sets = names.contains("input_0.pb") ? [path] : paths { $0.hasPrefix("test_data_set_") }
    if !sets.isEmpty {
      guard let readTensorProto else { throw unreadable(path, "protobuf test sets cannot be read here") }
      return DataSource(
        origin: "\(sets.count) test sets in \(path)", count: sets.count, inputs: inputs,
        kind: .protobuf(sets, readTensorProto))
    }
    let archives = paths { $0.hasSuffix(".npz") }
    if !archives.isEmpty {
      return DataSource(
        origin: "\(archives.count) .npz files in \(path)", count: archives.count, inputs: inputs,
        kind: .arrays(archives))
    }
    let pictures = paths(Picture.isPictureName)
    guard !pictures.isEmpty else {
      throw unreadable(path, "the folder holds no .npz files, test_data_set_* folders or pictures")
    }
    return try ofPictures(pictures, "\(pictures.count) pictures in \(path)", inputs, preprocess)
  }

  /// One file as the tensor of one input: .npy, .npz (the array of that name, or the only one) or a picture.
  public static func tensor(_ path: String, for input: Input, preprocess: Preprocess? = nil) throws -> Tensor
  {
    if path.hasSuffix(".npy") { return try NPYFile.read(path).conformed(to: input, file: path) }
    if path.hasSuffix(".npz") {
      let arrays = try NPZFile.read(path)
      guard let array = arrays[input.name] ?? (arrays.count == 1 ? arrays.first?.value : nil) else {
        let keys = arrays.keys.sorted().joined(separator: ", ")
        throw ApusError(
          .invalidInput,
          Problem(.inputMissing, "no array '\(input.name)'; there are: \(keys)", file: path))
      }
      return try array.conformed(to: input, file: path)
    }
    let source = try ofPictures([path], path, [input], preprocess)
    return try source.sample(0).first?.value ?? { throw unreadable(path, "no picture") }()
  }

  private static func openFile(_ path: String, _ inputs: [Input], _ preprocess: Preprocess?) throws
    -> DataSource
  {
    if path.hasSuffix(".npz") {
      return DataSource(origin: path, count: 1, inputs: inputs, kind: .arrays([path]))
    }
    if Picture.isPictureName(path) { return try ofPictures([path], path, inputs, preprocess) }
    throw unreadable(path, "data is an .npz file, a picture, or a folder of them or of test_data_set_*")
  }

  private static func ofPictures(
    _ paths: [String], _ origin: String, _ inputs: [Input], _ preprocess: Preprocess?
  ) throws -> DataSource {
    guard inputs.count == 1, let input = PictureInput(name: inputs[0].name, type: inputs[0].type) else {
      let types = inputs.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
      throw ApusError(
        .invalidInput,
        Problem(
          .inputShape, "pictures fit models with one input of rank 3 or 4 with 1 or 3 channels", file: origin,
          value: types, fix: "give the inputs as .npz"))
    }
    // A short last batch is filled up with its last picture.
    let batch = max(input.batch ?? 1, 1)
    let groups = stride(from: 0, to: paths.count, by: batch).map { start in
      (start..<start + batch).map { paths[min($0, paths.count - 1)] }
    }
    return DataSource(
      origin: origin, count: groups.count, inputs: inputs, kind: .pictures(groups, preprocess ?? .unit, input)
    )
  }

  private static func unreadable(_ path: String, _ message: String) -> ApusError {
    ApusError(.invalidInput, Problem(.badData, message, file: path))
  }
}
