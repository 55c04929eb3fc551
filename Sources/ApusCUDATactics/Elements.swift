import ApusCUDA
import ApusCore
import ApusOperators

extension KernelElement {
  /// nil for types that these kernels do not compute in.
  init?(_ dtype: DType) {
    switch dtype {
    case .f16: self = .f16
    case .bf16: self = .bf16
    case .f32: self = .f32
    default: return nil
    }
  }

  var dtype: DType {
    switch self {
    case .f16: .f16
    case .bf16: .bf16
    case .f32: .f32
    case .u8: .u8
    }
  }
}

extension KernelActivation {
  init(_ activation: Activation) {
    let (alpha, beta) = (Float(activation.alpha), Float(activation.beta))
    switch activation.kind {
    case .none: self = .none
    case .relu: self = .relu
    case .sigmoid: self = .sigmoid
    case .tanh: self = .tanh
    case .silu: self = .silu
    case .hardSwish: self = .hardSwish
    case .gelu: self = .gelu
    case .geluTanh: self = .geluTanh
    case .mish: self = .mish
    case .softplus: self = .softplus
    case .leakyRelu: self = .leakyReLU(alpha)
    case .clip: self = .clip(alpha, beta)
    case .elu: self = .elu(alpha)
    case .hardSigmoid: self = .hardSigmoid(alpha: alpha, beta: beta)
    }
  }
}

extension ConvolutionProblem.Math {
  /// Ways to multiply operands of a type, all of its accuracy; `CUDAContext.math` adds those that were asked for.
  static func all(_ element: KernelElement) -> [ConvolutionProblem.Math] {
    switch element {
    case .f16: [.f16]
    case .bf16: [.bf16]
    default: [.f32x3, .f32]
    }
  }
}

extension Tensor {
  /// Elements in FP32.
  func floats() -> [Float] { dtype == .f32 ? elements() : doubles().map { Float($0) } }

  /// The tensor in FP32.
  func inFloat32() -> Tensor { dtype == .f32 ? self : Tensor(floats(), shape: shape) }

  /// A tensor of another type and shape, its elements picked by position; zeros where `position` gives nil.
  func gathered(_ dtype: DType, _ shape: [Int], _ position: (Int) -> Int?) -> Tensor {
    let values = doubles()
    return Tensor(
      doubles: (0..<shape.elementCount).map { place in position(place).map { values[$0] } ?? 0 }, dtype, shape
    )
  }
}
