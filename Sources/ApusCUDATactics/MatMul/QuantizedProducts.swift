import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Products of 8-bit matrices less their zero points.
public struct QuantizedProducts: CUDATactic {
  public let name = "cuda.matmul.quantized"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [MatMulInteger.self, QLinearMatMul.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal() { return .no(reason) }
    guard node.output()?.dtype.bitWidth ?? 0 >= 8, !(node.output()?.dtype.isMiniFloat ?? true) else {
      return .no("the result's type")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    if node.op is MatMulInteger { return [try integer(node)] }
    let (a, b, y) = (try node.input(0).shape, try node.input(3).shape, try node.output().dtype)
    var product = matrixProduct(a, b, wide: "double")
    product.operands[1].index = 3
    try add([1, 2], of: a, isLeft: true, &product, node)
    try add([4, 5], of: b, isLeft: false, &product, node)
    let still = [Int](repeating: 0, count: product.outer.count + 1)
    product.operands += [.init(index: 6, strides: still), .init(index: 7, strides: still)]
    product.product = "((v0 - v3) * v2) * ((v1 - v5) * v4)"
    product.finish = requantized("sum * (1.0 / v6)", zero: "v7", y)
    return [try product.program("qmatmul", node)]
  }

  private func integer(_ node: ConcreteNode) throws -> CUDAProgram {
    let (a, b) = (try node.input(0).shape, try node.input(1).shape)
    let isFloat = try node.input(0).dtype.isMiniFloat
    var product = matrixProduct(a, b, wide: isFloat ? "double" : "long long")
    var (left, right) = ("v0", "v1")
    if node.isPresent(2) {
      try add([2], of: a, isLeft: true, &product, node)
      left = "(v0 - v\(product.operands.count - 1))"
    }
    if node.isPresent(3) {
      try add([3], of: b, isLeft: false, &product, node)
      right = "(v1 - v\(product.operands.count - 1))"
    }
    product.product = "\(left) * \(right)"
    return try product.program("matmul_integer", node)
  }

  /// Scales and zero points: one for all, one for each row on the left or column on the right, or broadcast.
  private func add(
    _ indices: [Int], of matrix: [Int], isLeft: Bool, _ product: inout Contraction, _ node: ConcreteNode
  ) throws {
    let outer = product.outer
    for index in indices {
      let shape = try node.input(index).shape
      var strides = [Int](repeating: 0, count: outer.count + 1)
      if shape.elementCount > 1 {
        guard shape.count == 1 || shape.count == matrix.count, matrix.count >= 2 else {
          throw node.refusal("parameters of input \(index) of shape \(shape)")
        }
        if shape.count == 1 {
          strides[outer.count - (isLeft ? 2 : 1)] = 1
        } else {
          let own = broadcastStrides(shape, over: shape)
          guard shape.dropLast(2).allSatisfy({ $0 == 1 }) else {
            throw node.refusal("parameters of input \(index) in batches")
          }
          let (row, column) = (own[shape.count - 2], own[shape.count - 1])
          strides[outer.count] = isLeft ? column : row
          strides[outer.count - (isLeft ? 2 : 1)] = isLeft ? row : column
        }
      }
      product.operands.append(.init(index: index, strides: strides))
    }
  }
}

/// `saturate(round(x) + zero)` of an integer type, in double precision.
func requantized(_ x: String, zero: String, _ dtype: DType) -> String {
  let range = dtype.integerRange ?? 0...0
  return
    "fmin(fmax(rint(\(x)) + \(zero), \(literal(Double(range.lowerBound)))), \(literal(Double(range.upperBound))))"
}
