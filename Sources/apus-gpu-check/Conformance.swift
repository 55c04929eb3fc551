import ApusBuilder
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusEngine
import ApusTactics
import Synchronization

/// Runs ONNX test cases the whole way with what the GPU lacks on the host, and says how many the GPU ran.
func runConformance(_ arguments: Arguments, _ gpu: DriverGPU, _ cache: KernelCache, _ tally: inout Tally)
  throws
{
  guard !arguments.conformance.isEmpty else { return }
  let cases = try ConformanceCase.find(all: arguments.conformance).filter { arguments.takes($0.name) }
  let runner = ConformanceRunner(
    tactics: .cuda(CUDARuntime(gpu), images: cache, host: .cpu()))
  let results = Mutex([ConformanceResult]())
  ThreadPool(threads: ThreadPool.processorCount).run(cases.count) { index in
    let result = runner.run(cases[index])
    results.withLock { $0.append(result) }
  }
  var (ran, counted) = (0, 0)
  for result in results.withLock({ $0 }).sorted(by: { $0.name < $1.name }) {
    if result.status == .skipped {
      print("skipped \(result.name): \(result.reason ?? "")")
      continue
    }
    let kernels = result.tactics.filter { $0.hasPrefix("cuda.") && $0 != "cuda.copy" }
    if !result.tactics.isEmpty { counted += 1 }
    if !kernels.isEmpty { ran += 1 }
    tally.add(result.name) {
      Bench.Outcome(
        isRight: result.status == .passed,
        text: result.reason ?? "\(kernels.count) of \(result.tactics.count) steps on the GPU")
    }
  }
  print("\(ran) of \(counted) cases with something to run have kernels on the GPU")
}
