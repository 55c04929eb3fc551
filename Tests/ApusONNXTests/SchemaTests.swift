import ApusCore
import ApusOperators
import Testing

@testable import ApusONNX

@Suite struct SchemaTests {
  @Test func tableIsRead() throws {
    let table = SchemaTable.shared
    let conv = try #require(table.schema(domain: "", opType: "Conv", version: 17))
    #expect(conv.since == 11 && conv.inputCount == 2...3)
    #expect(conv.attributes.contains { $0.name == "pads" && $0.type == 7 && !$0.isRequired })
    #expect(
      table.schema(domain: "", opType: "Cast", version: 13)?.attributes.first { $0.name == "to" }?.isRequired
        == true)
    #expect(table.schema(domain: "", opType: "Gelu", version: 19) == nil)
    #expect(table.schema(domain: "", opType: "Upsample", version: 12)?.isDeprecated == true)
    for key in table.operators { #expect(table.firstVersion(domain: key.domain, opType: key.opType) != nil) }
  }

  @Test func functionBodiesAreRead() throws {
    let body = try #require(SchemaFunctions.body(domain: "", opType: "HardSigmoid", version: 22))
    #expect(Set(body.attributeProto.map(\.name)) == ["alpha", "beta"])
    #expect(!body.node.isEmpty && !body.opsetImport.isEmpty)
    #expect(SchemaFunctions.body(domain: "", opType: "PRelu", version: 9) == nil)
    #expect(SchemaFunctions.body(domain: "", opType: "Conv", version: 17) == nil)
  }

  @Test func slipsAreRecognised() {
    #expect(NearestName.of("Reluu", in: ["Elu", "Relu", "Selu"]) == "Relu")
    #expect(NearestName.of("batchnormalization", in: ["BatchNormalization"]) == "BatchNormalization")
    #expect(NearestName.of("Zebra", in: ["Relu", "Conv"]) == nil)
  }
}
