/// All kernels of the CPU device; a test finds files that are missing here.
let cpuKernels: [any CPUKernel.Type] = [
  ConvKernel.self,
  StridedCopyKernel.self,
]
