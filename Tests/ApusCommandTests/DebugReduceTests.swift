import Glibc
import Testing

/// `apus debug reduce`: the folder that it writes is all that anyone needs to see the failure again.
@Suite struct DebugReduceTests {
  @Test func theFolderSeesTheFailureAgain() throws {
    let folder = try TemporaryFolder()
    let model = try folder.write("model.onnx", TinyModel.dense.bytes)
    let kit = "\(folder.path)/kit"
    defer { system("rm -rf '\(kit)'") }
    // Whatever is not empty fails, so one node is left.
    let made = try Command(
      ["debug", "reduce", model, "-o", kit, "--check", "test ! -s {model}", "--device", "cpu"], in: folder)
    #expect(made.status == 0, "\(made.errors)")
    for name in ["model.onnx", "test_data_set_0/input_0.pb", "machine.json", "log.txt"] {
      #expect(try !contents(of: "\(kit)/\(name)").isEmpty, "\(name)")
    }
    let text = String(decoding: try contents(of: "\(kit)/command.txt"), as: UTF8.self)
    let again = try #require(text.split(separator: "\n").last)
    #expect(again.hasPrefix("apus debug reduce model.onnx "))
    try #require(system("cd '\(kit)' && '\(Command.path)'\(again.dropFirst(4)) >out.txt 2>&1") == 0)
    let said = String(decoding: try contents(of: "\(kit)/out.txt"), as: UTF8.self)
    #expect(said.contains("1 -> 1 nodes: exit 1"), "\(said)")
  }
}
