import Apus
import ApusONNX
import ArgumentParser

/// `apus surgeon extract MODEL -o MODEL --inputs A,B --outputs C`
struct SurgeonExtract: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Cuts out the part between tensors.",
    discussion: """
      Example:
        apus surgeon extract resnet50.onnx -o layer4.onnx --inputs /layer3/Relu_output_0 --outputs output
      """)

  @OptionGroup var options: SurgeonOptions
  @Option(help: "Tensors that become the inputs, separated by commas; the model's inputs without.")
  var inputs: String?
  @Option(help: "Tensors that become the outputs, separated by commas; the model's outputs without.")
  var outputs: String?

  func run() throws {
    let original = try options.loadModel()
    let defaults = Set(original.initializerNames)
    let inputs = names(self.inputs) ?? original.inputNames.filter { !defaults.contains($0) }
    let edited = try original.part(inputs: inputs, outputs: names(self.outputs) ?? original.outputNames)
    try options.finish("extract", original, edited)
  }

  private func names(_ text: String?) -> [String]? { text?.split(separator: ",").map(String.init) }
}
