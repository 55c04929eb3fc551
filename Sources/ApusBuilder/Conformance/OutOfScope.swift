import ApusCore

/// Operators of the ONNX standard that Apus leaves out, each with the reason.
///
/// A case is out of scope by the operators of its model, never by its name, and only where nothing else is missing.
enum OutOfScope {
  private static let training = "training is not inference"
  private static let classical = "classical machine learning (ai.onnx.ml) is not what Apus optimizes"

  /// Why an operator is left out; nil: it is not.
  static func reason(operator name: String, domain: String) -> String? {
    switch (domain, name) {
    case ("ai.onnx.ml", _): classical
    case ("ai.onnx.preview.training", _), ("ai.onnx.training", _): training
    case ("", "ImageDecoder"), ("ai.onnx", "ImageDecoder"):
      "picture files are decoded before the model, by --preprocess, not inside it"
    default: nil
    }
  }

  /// Why a model could not be imported, where every problem is an operator that is left out; nil: something else is
  /// wrong with it too.
  static func reason(for error: any Error) -> String? {
    guard let problems = (error as? ApusError)?.problems, !problems.isEmpty else { return nil }
    var reasons: [String] = []
    for problem in problems {
      guard problem.id == .unsupportedOperator, let name = problem.operator,
        let reason = reason(operator: name, domain: problem.domain ?? "")
      else { return nil }
      let text = "out of scope, \(name): \(reason)"
      if !reasons.contains(text) { reasons.append(text) }
    }
    return reasons.joined(separator: "; ")
  }
}
