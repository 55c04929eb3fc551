import ApusCore
import Glibc
import SwiftProtobuf
import Testing

@testable import ApusONNX

@Suite struct ExternalDataTests {
  /// A folder of its own with `model.onnx`, whose weight lies at `location`.
  final class Folder {
    let path: String

    init() throws {
      var template = Array("/tmp/apus-external-XXXXXX".utf8CString)
      let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
      path = try #require(made.map { String(cString: $0) })
    }

    deinit {
      for name in ["model.onnx", "w.bin", "link.bin"] { unlink("\(path)/\(name)") }
      rmdir(path)
    }

    func write(_ bytes: [UInt8], _ name: String) throws {
      let file = try #require(fopen("\(path)/\(name)", "w"))
      fwrite(bytes, 1, bytes.count, file)
      fclose(file)
    }

    func model(location: String, offset: Int? = nil, length: Int? = nil) throws -> String {
      let weight = Onnx_TensorProto.with {
        $0.name = "w"
        $0.dataType = 1
        $0.dims = [4]
        $0.dataLocation = .external
        var entries = [("location", location)]
        if let offset { entries.append(("offset", "\(offset)")) }
        if let length { entries.append(("length", "\(length)")) }
        $0.externalData = entries.map { entry in
          .with {
            $0.key = entry.0
            $0.value = entry.1
          }
        }
      }
      let graph = Make.graph(
        [Make.node("Add", ["x", "w"], ["y"])], inputs: [Make.value("x", [4])], outputs: ["y"],
        initializers: [weight])
      try write(Make.model(graph).serializedBytes(), "model.onnx")
      return path + "/model.onnx"
    }
  }

  func importing(_ path: String) throws -> ImportedModel {
    try ONNXModel.load(path: path).importGraph(catalogue: .forTests)
  }

  @Test func weightsAreViewsOfTheFile() throws {
    let folder = try Folder()
    let numbers: [Float] = [0, 1, 2, 3, 4]
    try folder.write(numbers.withUnsafeBytes { Array($0) }, "w.bin")
    let model = try importing(folder.model(location: "w.bin", offset: 4, length: 16))
    let weight = try #require(model.graph.constant(model.graph.value(named: "w")))
    #expect(weight.doubles() == [1, 2, 3, 4])
    #expect(weight.byteOffset == 4 && weight.storage.byteCount == 20)
    #expect(model.metadata.files.count == 2)
  }

  @Test func faultsHaveTheirOwnNumbers() throws {
    let folder = try Folder()
    try folder.write([UInt8](repeating: 0, count: 12), "w.bin")
    symlink("/etc/hostname", folder.path + "/link.bin")
    let expected: [(String, ProblemID)] = [
      ("w.bin", .externalDataShort), ("missing.bin", .fileMissing), ("/etc/hostname", .externalDataOutside),
      ("../w.bin", .externalDataOutside), ("link.bin", .externalDataOutside),
    ]
    for (location, id) in expected {
      let path = try folder.model(location: location)
      let error = #expect(throws: ApusError.self) { try importing(path) }
      #expect(error?.problems.map(\.id) == [id], "\(location)")
    }
    let path = try folder.model(location: "w.bin", offset: .max)
    let error = #expect(throws: ApusError.self) { try importing(path) }
    #expect(error?.problems.map(\.id) == [.externalDataShort])
  }

  @Test func largeRawDataIsNotCopied() throws {
    let folder = try Folder()
    let graph = Make.graph(
      [Make.node("Add", ["x", "w"], ["y"])], inputs: [Make.value("x", [1000])], outputs: ["y"],
      initializers: [Make.floats("w", (0..<1000).map(Float.init))])
    let bytes: [UInt8] = try Make.model(graph).serializedBytes()
    try folder.write(bytes, "model.onnx")
    let model = try importing(folder.path + "/model.onnx")
    let weight = try #require(model.graph.constant(model.graph.value(named: "w")))
    #expect(weight.storage.byteCount == bytes.count)
    #expect(weight.doubles() == (0..<1000).map(Double.init))
  }
}
