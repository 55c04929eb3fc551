import ApusCUDA
import Glibc

/// What libraries compute, by plain loops over the host's memory.
enum EmulatedLibrary {
  static func run(_ work: LibraryWork, _ addresses: [String: DeviceAddress]) {
    switch work {
    case .product(let product): run(product, addresses)
    case .convolution(let convolution): run(convolution, addresses)
    }
  }

  private static func run(_ convolution: LibraryConvolution, _ addresses: [String: DeviceAddress]) {
    let operand = { (name: String) in Elements(convolution.math, addresses[name]) }
    let (input, weights, bias, residual, output) = (
      operand("input"), operand("weights"), operand("bias"), operand("residual"), operand("output")
    )
    let (height, width, channels) = (convolution.input[0], convolution.input[1], convolution.input[2])
    let (rows, columns, made) = (convolution.result[0], convolution.result[1], convolution.result[2])
    let (perGroup, madePerGroup) = (channels / convolution.groups, made / convolution.groups)
    for place in 0..<convolution.images * rows * columns * made {
      let (pixel, channel) = (place / made, place % made)
      let (image, row, column) = (pixel / (rows * columns), pixel / columns % rows, pixel % columns)
      var sum = 0.0
      for r in 0..<convolution.kernel[0] {
        for s in 0..<convolution.kernel[1] {
          let y = row * convolution.strides[0] + r * convolution.dilations[0] - convolution.pads[0]
          let x = column * convolution.strides[1] + s * convolution.dilations[1] - convolution.pads[1]
          guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
          let from = ((image * height + y) * width + x) * channels + channel / madePerGroup * perGroup
          let weight = ((channel * convolution.kernel[0] + r) * convolution.kernel[1] + s) * perGroup
          for c in 0..<perGroup { sum += input[from + c] * weights[weight + c] }
        }
      }
      if convolution.hasResidual { sum += residual[place] }
      if convolution.hasBias { sum += bias[channel] }
      output[place] = convolution.activation == .relu ? max(sum, 0) : sum
    }
  }

  private static func run(_ product: MatrixProduct, _ addresses: [String: DeviceAddress]) {
    let (input, weights) = (
      Elements(product.math, addresses["input"]), Elements(product.math, addresses["weights"])
    )
    let (bias, residual) = (
      Elements(product.math, addresses["bias"]), Elements(product.math, addresses["residual"])
    )
    let output = Elements(product.math, addresses["output"])
    let (m, n, k) = (product.rows, product.columns, product.reduction)
    for batch in 0..<product.batches {
      let starts = product.batchStrides.map { $0 * batch }
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            let a = input[starts[0] + (product.inputIsTransposed ? inner * m + row : row * k + inner)]
            let b = weights[
              starts[1] + (product.weightsAreTransposed ? column * k + inner : inner * n + column)]
            sum += a * b
          }
          let place = starts[2] + row * n + column
          sum *= Double(product.alpha)
          if product.hasResidual { sum += Double(product.beta) * residual[place] }
          if product.hasBias { sum += bias[column] }
          output[place] = product.activation.apply(sum)
        }
      }
    }
  }
}

/// Elements of a type in memory.
private struct Elements {
  private let math: ConvolutionProblem.Math
  private let address: UInt

  init(_ math: ConvolutionProblem.Math, _ address: DeviceAddress?) {
    self.math = math
    self.address = UInt(address ?? 0)
  }

  private func pointer(_ index: Int) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: address + UInt(index * math.elementBytes))
  }

  subscript(index: Int) -> Double {
    get {
      guard let pointer = pointer(index) else { return .nan }
      switch math {
      case .f16: return Double(pointer.load(as: Float16.self))
      case .bf16: return Double(Float(bitPattern: UInt32(pointer.load(as: UInt16.self)) << 16))
      default: return Double(pointer.load(as: Float.self))
      }
    }
    nonmutating set {
      guard let pointer = pointer(index) else { return }
      switch math {
      case .f16: pointer.storeBytes(of: Float16(newValue), as: Float16.self)
      case .bf16:
        let bits = Float(newValue).bitPattern
        pointer.storeBytes(
          of: UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16), as: UInt16.self)
      default: pointer.storeBytes(of: Float(newValue), as: Float.self)
      }
    }
  }
}

extension MatrixProduct.Activation {
  fileprivate func apply(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .relu: max(x, 0)
    case .geluTanh: 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    }
  }
}
