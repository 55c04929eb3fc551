import ApusCore

/// `apus-gpu-check [WORD] [--conformance DIR]… [--models FILE…] [--random-weights SEED]`
struct Arguments {
  /// Only what has this in its label; empty: everything.
  var word = ""
  /// Folders of ONNX test cases.
  var conformance: [String] = []
  /// ONNX models that are compared with the CPU in FP32 and FP16.
  var models: [String] = []
  /// Seed of weights that the models' files leave out.
  var randomWeights: UInt64?

  init(_ texts: some Sequence<String>) throws {
    var option: String?
    for text in texts {
      if text.hasPrefix("--") {
        guard ["--conformance", "--models", "--random-weights"].contains(text) else {
          throw Self.wrong("unknown option", text)
        }
        option = text
        continue
      }
      switch option {
      case "--conformance": conformance.append(text)
      case "--models": models.append(text)
      case "--random-weights":
        guard let seed = UInt64(text) else { throw Self.wrong("no seed", text) }
        randomWeights = seed
        option = nil
      default: word = text
      }
    }
  }

  func takes(_ label: String) -> Bool { word.isEmpty || label.contains(word) }

  private static func wrong(_ message: String, _ value: String) -> ApusError {
    ApusError(
      .usage,
      Problem(
        .usage, message, value: value,
        allowed: "[WORD] [--conformance DIR]... [--models FILE...] [--random-weights SEED]"))
  }
}
