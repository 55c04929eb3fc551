import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics

/// Products of matrices by cuBLASLt: with bias, residual, and ReLU or GELU by its tanh form.
struct CuBLASLtProduct: LibraryTactic {
  let name = "cuda.cublaslt"
  let context: CUDAContext
  var operators: [any Operator.Type] { [Linear.self, Gemm.self, MatMul.self] }

  func work(_ node: ConcreteNode, absorbed: Set<Int>) -> LibraryWork? {
    guard var product = product(node), product.reduction > 0, product.columns > 0, product.rows > 0,
      node.inputs.allSatisfy({ $0.map { $0.layout == .rowMajor || $0.shape.count <= 2 } ?? true })
    else { return nil }
    // Packed weights lie [columns][reduction], which tensor cores like best.
    if absorbed.contains(1) { product.weightsAreTransposed = true }
    return .product(product)
  }

  func operands(_ node: ConcreteNode, absorbed: Set<Int>) throws -> (
    places: [String: CUDAProgram.Operand], packed: [Tensor]
  ) {
    guard let product = product(node), let element = KernelElement(try node.input(0).dtype) else {
      throw node.refusal("element type")
    }
    var places: [String: CUDAProgram.Operand] = [
      "input": .input(0), "weights": .input(1), "output": .output(0),
    ]
    var packed: [Tensor] = []
    if absorbed.contains(1), let weights = node.constant(1) {
      places["weights"] = .packed(packed.count)
      packed.append(pack(weights, product, element))
    }
    if product.hasBias {
      places["bias"] = .input(2)
      if absorbed.contains(2), let bias = node.constant(2) {
        places["bias"] = .packed(packed.count)
        packed.append(context.packed(bias, as: "bias \(element.name)") { bias.converted(to: element.dtype) })
      }
    }
    if product.hasResidual { places["residual"] = .input(node.op is Linear ? 3 : 2) }
    return (places, packed)
  }

  private func pack(_ weights: Tensor, _ product: MatrixProduct, _ element: KernelElement) -> Tensor {
    let matrix = packedMatrix(weights, isTransposed: product.weightsAreTransposed, element, context)
    guard product.math == .tf32 else { return matrix }
    return context.packed(matrix, as: "tf32") {
      Tensor(matrix.floats().map(roundedToTF32), shape: matrix.shape)
    }
  }

  private func product(_ node: ConcreteNode) -> MatrixProduct? {
    guard let input = try? node.input(0), let weights = try? node.input(1),
      let element = KernelElement(input.dtype), input.shape.count >= 1, weights.shape.count >= 2
    else { return nil }
    let math = context.libraryMath(element)
    switch node.op {
    case let linear as Linear: return self.linear(linear, node, input.shape, weights.shape, math)
    case let gemm as Gemm: return self.gemm(gemm, node, input.shape, weights.shape, math)
    case is MatMul: return matmul(input.shape, weights.shape, math)
    default: return nil
    }
  }

  private func linear(
    _ linear: Linear, _ node: ConcreteNode, _ input: [Int], _ weights: [Int], _ math: ConvolutionProblem.Math
  ) -> MatrixProduct? {
    guard let activation = MatrixProduct.Activation(linear.activation) else { return nil }
    var product = MatrixProduct(
      math: math, rows: input.dropLast().reduce(1, *), columns: weights[1], reduction: weights[0])
    product.activation = activation
    product.hasBias = node.isPresent(2)
    product.hasResidual = node.isPresent(3)
    product.beta = product.hasResidual ? 1 : 0
    return product
  }

  private func gemm(
    _ gemm: Gemm, _ node: ConcreteNode, _ input: [Int], _ weights: [Int], _ math: ConvolutionProblem.Math
  ) -> MatrixProduct? {
    guard let activation = MatrixProduct.Activation(gemm.activation), input.count == 2 else { return nil }
    var product = MatrixProduct(
      math: math, rows: input[gemm.transA ? 1 : 0], columns: weights[gemm.transB ? 0 : 1],
      reduction: input[gemm.transA ? 0 : 1])
    product.activation = activation
    product.inputIsTransposed = gemm.transA
    product.weightsAreTransposed = gemm.transB
    product.alpha = Float(gemm.alpha)
    guard let addend = try? node.input(2).shape else { return product }
    if gemm.beta == 1, addend.last == product.columns, addend.dropLast().allSatisfy({ $0 == 1 }) {
      product.hasBias = true
    } else if addend == [product.rows, product.columns] {
      product.hasResidual = true
      product.beta = Float(gemm.beta)
    } else {
      return nil
    }
    return product
  }

  private func matmul(_ a: [Int], _ b: [Int], _ math: ConvolutionProblem.Math) -> MatrixProduct? {
    guard a.count >= 2 else { return nil }
    let (k, n) = (b[b.count - 2], b[b.count - 1])
    let (outerA, outerB) = (Array(a.dropLast(2)), Array(b.dropLast(2)))
    let (batchesA, batchesB) = (outerA.reduce(1, *), outerB.reduce(1, *))
    let rows = a[a.count - 2]
    // One second matrix for all: the batches are rows.
    if batchesB == 1 {
      return MatrixProduct(math: math, rows: rows * batchesA, columns: n, reduction: k)
    }
    let rank = max(outerA.count, outerB.count)
    func filled(_ outer: [Int]) -> [Int] { [Int](repeating: 1, count: rank - outer.count) + outer }
    guard batchesA == 1 || filled(outerA) == filled(outerB), batchesB <= Int(Int32.max) else { return nil }
    var product = MatrixProduct(math: math, rows: rows, columns: n, reduction: k)
    product.batches = batchesB
    product.batchStrides = [batchesA == 1 ? 0 : rows * k, k * n, rows * n]
    return product
  }
}

extension MatrixProduct.Activation {
  /// nil for those that the library does not have.
  init?(_ activation: Activation) {
    switch activation.kind {
    case .none: self = .none
    case .relu: self = .relu
    case .geluTanh: self = .geluTanh
    default: return nil
    }
  }
}

/// A matrix [reduction][columns], transposed [columns][reduction], as [columns][reduction].
func packedMatrix(
  _ weight: Tensor, isTransposed: Bool, _ element: KernelElement, _ context: CUDAContext
) -> Tensor {
  context.packed(weight, as: "linear \(element.name) \(isTransposed)") {
    let matrix = weight.converted(to: element.dtype)
    return isTransposed ? matrix : matrix.reshaped([1] + matrix.shape).reordered(to: .channelsLast)
  }
}
