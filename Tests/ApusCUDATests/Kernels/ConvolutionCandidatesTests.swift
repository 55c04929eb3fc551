import ApusCUDA
import Testing

@Suite struct ConvolutionCandidatesTests {
  static func layer(_ math: ConvolutionProblem.Math = .f16) -> ConvolutionProblem {
    ConvolutionProblem(
      math: math, output: math == .f16 ? .f16 : .f32, images: 1, input: [14, 14, 256], result: [14, 14, 256],
      kernel: [3, 3], pads: [1, 1, 1, 1], activation: .relu)
  }

  @Test func smallLayersAreSplitOverManyBlocks() throws {
    let best = try #require(Self.layer().candidates(on: .hopper).first)
    #expect(best.spec.geometry.grid.count >= 32)
    #expect((2.0...12).contains(best.microseconds))
  }

  @Test func largeProductsUseWarpgroups() throws {
    let problem = ConvolutionProblem.product(
      math: .f16, output: .f16, rows: 8192, columns: 8192, reduction: 8192)
    let best = try #require(problem.candidates(on: .hopper).first)
    #expect(best.spec.source.name == "conv_wgmma.cu")
  }

  @Test func olderGPUsGetNeitherClustersNorWarpgroups() {
    let candidates = Self.layer().candidates(on: .ampere)
    #expect(!candidates.isEmpty)
    for candidate in candidates {
      #expect(candidate.spec.geometry.cluster == nil)
      #expect(candidate.spec.source.name != "conv_wgmma.cu")
      #expect(candidate.spec.geometry.sharedBytes <= GPUProperties.ampere.sharedBytesPerBlock)
    }
  }

  @Test func oddChannelsFallToTheScalarKernel() {
    var problem = Self.layer()
    problem.input[2] = 5
    problem.inputStride = 5
    let names = Set(problem.candidates(on: .hopper).map(\.spec.source.name))
    #expect(names == ["conv_simt.cu"])
  }

  @Test(arguments: [ConvolutionProblem.Math.f32, .f32x3])
  func exactProblemsNeverRoundTheirOperands(math: ConvolutionProblem.Math) {
    let candidates = Self.layer(math).candidates(on: .hopper)
    #expect(!candidates.isEmpty)
    for candidate in candidates {
      let type = candidate.spec.source.defines.first { $0.name == "IN_TYPE" }?.value
      #expect(type == "F32" || type == "F32X3")
    }
  }

  @Test(arguments: [1, 7, 49, 196, 3136, 100_352], [8, 36, 64, 819, 2048])
  func everyCandidateLaunches(rows: Int, columns: Int) throws {
    let gpu = NullGPU()
    let stream = try Stream(gpu)
    let problem = ConvolutionProblem.product(
      math: .f16, output: .f16, rows: rows, columns: columns, reduction: 256)
    for candidate in problem.candidates(on: .hopper) {
      let function = try Module(gpu, image: []).function(
        "f", sharedBytes: candidate.spec.geometry.sharedBytes)
      let arguments = ArgumentBlock(try candidate.spec.arguments(gpu, [:]))
      try function.launch(candidate.spec.geometry, arguments, on: stream)
    }
  }
}
