import Apus

/// Runs a model over pictures in batches: the next ones are decoded and prepared while it computes.
struct PictureRun {
  let runnable: Runnable
  let input: PictureInput
  let preprocess: Preprocess
  /// Paths of the pictures.
  let paths: [String]
  let batch: Int

  /// A batch on its way through the model.
  struct Prepared: Sendable {
    var first: Int
    var pictures: [Picture]
    var batch: Preprocess.Batch
  }

  /// What came out for one picture.
  struct Result {
    var number: Int
    var path: String
    var picture: Picture
    var outputs: [String: Value]
    /// Index within the batch that `outputs` hold, and the batch.
    var index: Int
    var prepared: Preprocess.Batch
    /// Whether this is the last picture of its batch.
    var endsBatch: Bool

    /// The part of the outputs that belongs to this picture.
    var ofPicture: [String: Value] {
      let count = prepared.origins.count
      guard count > 1 else { return outputs }
      return outputs.mapValues { value in
        guard let tensor = value.tensor, tensor.shape.first == count, tensor.dtype.bitWidth >= 8 else {
          return value
        }
        let size = tensor.elementCount / count
        return .tensor(
          tensor.slice(elements: index * size..<(index + 1) * size, shape: [1] + tensor.shape.dropFirst()))
      }
    }
  }

  init(_ runnable: Runnable, input name: String, paths: [String], preprocess: Preprocess?, batch: Int) throws
  {
    let declared = try runnable.input(name)
    guard let input = PictureInput(name: name, type: declared.type) else {
      throw ApusError(
        .invalidInput,
        Problem(
          .inputShape, "pictures fit inputs of rank 3 or 4 with 1 or 3 channels",
          value: declared.type.description,
          fix: "give the input as .npy"))
    }
    if let fixed = input.hasBatch ? input.batch : 1, batch != 0, batch != fixed {
      throw ApusError(
        .usage,
        Problem(.inputShape, "the model takes batches of \(fixed)", value: "\(batch)", allowed: "\(fixed)"))
    }
    self.runnable = runnable
    self.input = input
    self.preprocess = preprocess ?? .unit
    self.paths = paths
    self.batch = max((input.hasBatch ? input.batch : 1) ?? batch, 1)
  }

  /// Calls `body` for every picture, in order.
  func forEach(_ body: (Result) throws -> Void) throws {
    let groups = stride(from: 0, to: paths.count, by: batch).map { Array($0..<min($0 + batch, paths.count)) }
    // A short last batch is filled up with its last picture where the model asks for a full one.
    let isFixed = input.hasBatch && input.batch != nil
    let ahead = DecodeAhead(count: groups.count) { [paths, preprocess, input, batch] number in
      let group = groups[number]
      let pictures = try group.map { try Picture.load(paths[$0]) }
      var filled = pictures
      while isFixed, filled.count < batch, let last = filled.last { filled.append(last) }
      return Prepared(first: group[0], pictures: pictures, batch: try preprocess.batch(filled, for: input))
    }
    while let prepared = try ahead.next() {
      let outputs = try runnable.session.run(values: [input.name: .tensor(prepared.batch.tensor)])
      for (index, picture) in prepared.pictures.enumerated() {
        let number = prepared.first + index
        try body(
          Result(
            number: number, path: paths[number], picture: picture, outputs: outputs, index: index,
            prepared: prepared.batch, endsBatch: index == prepared.pictures.count - 1))
      }
      if paths.count > 1 {
        Output.progress("\(prepared.first + prepared.pictures.count) of \(paths.count) pictures")
      }
    }
    Output.endProgress()
  }
}
