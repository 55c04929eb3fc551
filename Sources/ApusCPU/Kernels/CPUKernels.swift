/// All kernels of the CPU device; a test finds files that are missing here.
let cpuKernels: [any CPUKernel.Type] = [
  ConvKernel.self,
  ConvTransposeKernel.self,
  DepthwiseConvKernel.self,
  GroupNormKernel.self,
  LayerNormKernel.self,
  MatMulKernel.self,
  OneDNNConvKernel.self,
  PoolingKernel.self,
  SoftmaxKernel.self,
  StridedCopyKernel.self,
]
