import ApusCUDA
import ApusCore
import ApusTactics
import ApusTestSupport

/// Nodes that NVIDIA's libraries compute, in every type, recorded and replayed, held against their operators' references.
func libraryChecks(_ arguments: Arguments, _ gpu: DriverGPU, _ cache: KernelCache, _ tally: inout Tally) {
  for library in CUDALibrary.allCases {
    do { try gpu.require(library) } catch {
      print("skipped \(library.rawValue): \(error)")
      continue
    }
    for (dtype, precision) in checkedTypes {
      for (number, node) in cases(library, dtype).enumerated() {
        let label = "\(library.rawValue) \(precision) \(number) \(node.op.operatorName)"
        guard arguments.takes(label) else { continue }
        // Where the library does not know a product, our kernel stands in; the tactic's name shows it.
        tally.add(label) { try nodeOutcome(node, precision, libraries: .only, gpu, cache) }
      }
    }
  }
}

private func cases(_ library: CUDALibrary, _ dtype: DType) -> [NodeCase] {
  switch library {
  case .cublasLt: libraryProductCases(dtype)
  case .cudnn: libraryConvolutionCases(dtype)
  }
}
