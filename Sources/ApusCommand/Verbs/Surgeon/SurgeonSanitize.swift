import Apus
import ApusONNX
import ArgumentParser

/// `apus surgeon sanitize MODEL -o MODEL`
struct SurgeonSanitize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sanitize",
    abstract: "Removes what no output needs, sorts the nodes and gives each a name.",
    discussion: """
      Example:
        apus surgeon sanitize model.onnx -o clean.onnx --fold
      """)

  @OptionGroup var options: SurgeonOptions
  @Flag(help: "Folds constants too.") var fold = false

  func run() throws {
    let original = try options.loadModel()
    var edited = original
    if fold { try edited.foldConstants() }
    let changes = try edited.sanitize()
    if options.verbose {
      Output.note(
        "removed \(changes.removedNodes) nodes and \(changes.removedInitializers) initializers, "
          + "named \(changes.namedNodes) nodes\(changes.isReordered ? ", sorted" : "")")
    }
    try options.finish("sanitize", original, edited)
  }
}
