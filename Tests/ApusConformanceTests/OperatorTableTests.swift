import Apus
import ApusCore
import Testing

/// `Docs/Operators.md` against what the operators and tactics are today.
@Suite struct OperatorTableTests {
  private static let command = "apus operators onnx/backend/test/data/node -o Docs/Operators.md"

  @Test(.enabled(if: ONNXTestData.node.isWhole, "the onnx package with all its cases is needed"))
  func theDocumentIsUpToDate() throws {
    let cases = try ConformanceCase.find(all: [ONNXTestData.node.root])
    let table = OperatorTable(.allDevices, cases: cases, threads: ThreadPool.processorCount)
    let fresh = table.markdown(command: Self.command).split(separator: "\n")
    let storage = try FileBytes.read(Self.document)
    let text = withExtendedLifetime(storage) {
      String(decoding: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount), as: UTF8.self)
    }
    let kept = text.split(separator: "\n")
    let difference = zip(fresh, kept).first { $0 != $1 }
    #expect(
      fresh == kept,
      "Docs/Operators.md is stale at '\(difference?.1 ?? "its end")': run \(Self.command)")
  }

  private static let document =
    #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Docs/Operators.md"
}
