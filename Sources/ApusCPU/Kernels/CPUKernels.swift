/// All kernels of the CPU device; a test finds files that are missing here.
let cpuKernels: [any CPUKernel.Type] = [
  AttentionKernel.self,
  ConvKernel.self,
  ConvTransposeKernel.self,
  DepthwiseConvKernel.self,
  GroupNormKernel.self,
  LayerNormKernel.self,
  MatMulKernel.self,
  OneDNNConvKernel.self,
  OneDNNMatMulKernel.self,
  PointwiseKernel.self,
  PoolingKernel.self,
  SoftmaxKernel.self,
  StridedCopyKernel.self,
]
