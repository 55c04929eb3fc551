public import ApusCore

/// Samples for testing, calibrating and comparing, in the one form that all verbs take.
///
/// A path is an .npz file (keys are input names), a folder of .npz files, a folder of `test_data_set_*` as the ONNX
/// project keeps them, one such set, a folder of pictures, or one picture. `generated` makes samples from a seed.
public struct DataSource: Sendable {
  /// An input of a model: its name and type.
  public struct Input: Sendable, Hashable {
    public var name: String
    public var type: TensorType

    public init(name: String, type: TensorType) {
      self.name = name
      self.type = type
    }
  }

  /// Reads a serialized TensorProto; formats above this module supply it.
  public typealias TensorProtoReader = @Sendable (_ path: String) throws -> Tensor

  /// Where the samples come from, for reports.
  public let origin: String
  public let count: Int
  let inputs: [Input]
  let kind: Kind

  enum Kind: Sendable {
    case arrays([String])
    case protobuf([String], TensorProtoReader)
    /// Paths, as many for each sample as a batch holds.
    case pictures([[String]], Preprocess, PictureInput)
    case generated(RandomData)
  }

  /// A tensor for every input, checked against its type. `index` is below `count`.
  public func sample(_ index: Int) throws -> [String: Tensor] {
    switch kind {
    case .arrays(let paths): return try DataSource.arrays(paths[index], inputs)
    case .protobuf(let folders, let read):
      return try DataSource.tensors(inputs) { position, input in
        try read("\(folders[index])/input_\(position).pb").conformed(to: input, file: folders[index])
      }
    case .pictures(let groups, let preprocess, let input):
      let pictures = try groups[index].map { try Picture.load($0) }
      return [input.name: try preprocess.tensor(pictures, for: input)]
    case .generated(let random): return random.sample(index, inputs)
    }
  }

  /// The outputs in the model's order that a test set expects; nil where the data holds none.
  public func expectedOutputs(_ index: Int) throws -> [Tensor]? {
    guard case .protobuf(let folders, let read) = kind else { return nil }
    let folder = folders[index]
    let names = try FileBytes.names(inFolder: folder).filter {
      $0.hasPrefix("output_") && $0.hasSuffix(".pb")
    }
    return try names.map { try read("\(folder)/\($0)") }
  }

  /// Every input's tensor by name.
  static func tensors(_ inputs: [Input], _ read: (Int, Input) throws -> Tensor) rethrows -> [String: Tensor] {
    var sample: [String: Tensor] = [:]
    for (position, input) in inputs.enumerated() { sample[input.name] = try read(position, input) }
    return sample
  }

  /// The arrays of an .npz file. Keys are names of inputs, or `arr_0`, `arr_1` … by position.
  private static func arrays(_ path: String, _ inputs: [Input]) throws -> [String: Tensor] {
    let arrays = try NPZFile.read(path)
    let isPositional = !arrays.isEmpty && arrays.keys.allSatisfy { $0.hasPrefix("arr_") }
    return try tensors(inputs) { position, input in
      guard let tensor = arrays[input.name] ?? (isPositional ? arrays["arr_\(position)"] : nil) else {
        let keys = arrays.keys.sorted().joined(separator: ", ")
        throw ApusError(
          .invalidInput,
          Problem(.inputMissing, "no array '\(input.name)'; there are: \(keys)", file: path))
      }
      return try tensor.conformed(to: input, file: path)
    }
  }
}

extension Tensor {
  /// This tensor as the element type of `input`, for types that NumPy lacks; throws where type or shape differ.
  ///
  /// bfloat16 and float8 come as unsigned integers of their width, 2- and 4-bit types one byte an element.
  public func conformed(to input: DataSource.Input, file: String) throws -> Tensor {
    let converted = reinterpreted(as: input.type.dtype)
    guard converted.dtype == input.type.dtype else {
      throw ApusError(
        .invalidInput,
        Problem(
          .inputType, "input '\(input.name)' has another element type", file: file, value: dtype.rawValue,
          allowed: input.type.dtype.rawValue))
    }
    guard let expected = input.type.shape else { return converted }
    let fits = expected.count == rank && zip(expected, shape).allSatisfy { $0.value == nil || $0.value == $1 }
    guard fits else {
      throw ApusError(
        .invalidInput,
        Problem(
          .inputShape, "input '\(input.name)' has another shape", file: file, value: "\(shape)",
          allowed: input.type.description))
    }
    return converted
  }

  private func reinterpreted(as wanted: DType) -> Tensor {
    switch (dtype, wanted) {
    case (.u16, .bf16): return bitCast(to: .bf16)
    case (.u8, _) where wanted.isMiniFloat && wanted.bitWidth == 8: return bitCast(to: wanted)
    case (.u8, .u2), (.u8, .u4), (.i8, .i2), (.i8, .i4), (.u8, .f4e2m1):
      return Tensor(bitPatterns: bitPatterns(), wanted, shape)
    default: return self
    }
  }
}
