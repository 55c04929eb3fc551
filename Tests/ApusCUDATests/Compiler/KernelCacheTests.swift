import ApusCUDA
import ApusCore
import Glibc
import Testing

/// NVRTC where it is found; tests that need it are skipped visibly elsewhere.
enum Compiler {
  static let found = try? RuntimeCompiler()
}

@Suite(.enabled(if: Compiler.found != nil, "NVRTC is not installed"))
struct KernelCacheTests {
  let kernel = KernelSource(
    generated:
      "#include \"common.cuh\"\nextern \"C\" __global__ void twice(float *x) { x[threadIdx.x] *= FACTOR; }",
    name: "twice.cu", entry: "twice", defines: [.init("FACTOR", Float(2))])

  @Test func machineCodeIsCompiledOnceAndKeptOnDisk() throws {
    let compiler = try #require(Compiler.found)
    let folder = "/tmp/apus-kernels-\(getpid())-\(UInt32.random(in: 0 ... .max))/deep"
    let first = KernelCache(compiler, folder: folder)
    let image = try first.image(kernel, target: "sm_80")
    #expect(try first.image(kernel, target: "sm_80") == image)
    #expect(first.counts == (1, 0))
    let second = KernelCache(compiler, folder: folder)
    #expect(try second.image(kernel, target: "sm_80") == image)
    #expect(second.counts == (0, 1))
    let file = "\(folder)/\(try first.key(kernel, target: "sm_80")).cubin"
    try AtomicFile.write([1, 2, 3], to: file)
    let third = KernelCache(compiler, folder: folder)
    #expect(try third.image(kernel, target: "sm_80") == image)
    #expect(third.counts == (1, 0))
  }

  @Test func keysTellApartWhatMachineCodeDependsOn() throws {
    let compiler = try #require(Compiler.found)
    let cache = KernelCache(compiler, folder: nil)
    var other = kernel
    other.defines = [.init("FACTOR", Float(3))]
    #expect(try cache.key(kernel, target: "sm_80") != cache.key(other, target: "sm_80"))
    #expect(try cache.key(kernel, target: "sm_80") != cache.key(kernel, target: "sm_90a"))
  }

  @Test func compilerMessagesNameFileAndLine() throws {
    let compiler = try #require(Compiler.found)
    let broken = KernelSource(
      generated: "#include \"common.cuh\"\n\nextern \"C\" __global__ void f() { nonsense; }",
      name: "broken.cu", entry: "f")
    let error = #expect(throws: ApusError.self) { try compiler.cubin(broken, target: "sm_80") }
    #expect(error?.description.contains("broken.cu(3)") == true)
  }

  @Test func manyCompileTogether() throws {
    let compiler = try #require(Compiler.found)
    let sources = (1...5).map { factor in
      var source = kernel
      source.defines = [.init("FACTOR", Float(factor))]
      return source
    }
    let cache = KernelCache(compiler, folder: nil)
    let images = try cache.images(sources, target: "sm_80", threads: 2).map { try $0.get() }
    #expect(Set(images).count == 5)
  }

  @Test func ptxIsText() throws {
    let compiler = try #require(Compiler.found)
    let ptx = try compiler.ptx(kernel, target: "compute_80")
    #expect(String(decoding: ptx, as: UTF8.self).contains(".visible .entry twice"))
  }
}
