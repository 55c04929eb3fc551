import Apus
import ApusONNX
import ArgumentParser

/// `apus surgeon fold MODEL -o MODEL`
struct SurgeonFold: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fold",
    abstract: "Computes what does not depend on the inputs, shape arithmetic included.",
    discussion: """
      Example:
        apus surgeon fold model.onnx -o folded.onnx
      """)

  @OptionGroup var options: SurgeonOptions

  func run() throws {
    let original = try options.loadModel()
    var edited = original
    try edited.foldConstants()
    try options.finish("fold", original, edited)
  }
}
