import ApusCore

// Operators that ONNX Runtime's own graph optimizer leaves in models (domain `com.microsoft`).

extension Importer {
  /// `normalize(input + skip + bias)`; the fourth output is the sum.
  static func skipNormalization(
    _ opType: String, hasShift: Bool, _ make: @escaping @Sendable (_ epsilon: Double) -> any Operator
  ) -> Importer {
    .onnx(opType, domain: "com.microsoft") { node, scope in
      func input(_ index: Int) -> ValueID? { index < node.inputs.count ? node.inputs[index] : nil }
      var sum = try scope.add(Add(), [input(0), input(1)], "skip")
      if let bias = input(hasShift ? 4 : 3) { sum = try scope.add(Add(), [sum, bias], "bias") }
      var inner = node
      inner.outputs = Array(node.outputs.prefix(3))
      if !hasShift {
        // The normalization without a mean has only one statistic, the third output here.
        inner.outputs = [node.outputs.first ?? ""] + node.outputs.dropFirst(2).prefix(1)
      }
      let op = make(try node.float("epsilon", default: 1e-12))
      let parameters = hasShift ? [sum, input(2), input(3)] : [sum, input(2)]
      var outputs = try scope.add(op, parameters, for: inner)
      if !hasShift, outputs.count > 1 { outputs.insert(nil, at: 1) }
      while outputs.count < min(node.outputs.count, 3) { outputs.append(nil) }
      return node.outputs.count > 3 ? outputs + [sum] : outputs
    }
  }

  /// `op(x + bias)`, where the bias may be absent.
  static func microsoft(_ opType: String, _ op: any Operator) -> Importer {
    .onnx(opType, domain: "com.microsoft") { node, scope in
      guard node.inputs.count == 2, node.inputs[1] != nil else {
        return try scope.add(op, Array(node.inputs.prefix(1)), for: node)
      }
      return try scope.add(op, [try scope.add(Add(), node.inputs, "bias")], for: node)
    }
  }

  /// `alpha * op(a) · op(b)`, where `op` may exchange the last two axes.
  static var fusedMatMul: Importer {
    .onnx("FusedMatMul", domain: "com.microsoft") { node, scope in
      for attribute in ["transBatchA", "transBatchB"] where try node.bool(attribute, default: false) {
        throw OperatorError(
          .unsupportedAttribute, "batch axes are not moved", attribute: attribute, value: "1", allowed: "0")
      }
      func operand(_ index: Int, _ attribute: String) throws -> ValueID? {
        guard index < node.inputs.count, let value = node.inputs[index] else { return nil }
        guard try node.bool(attribute, default: false) else { return value }
        guard let rank = scope.type(value).tensor?.rank else {
          throw OperatorError(.shapeMismatch, "an operand of unknown rank is not transposed")
        }
        guard rank > 1 else { return value }
        return try scope.add(
          Transpose(Array(0..<rank - 2) + [rank - 1, rank - 2]), [value], attribute)
      }
      let operands = [try operand(0, "transA"), try operand(1, "transB")]
      let alpha = try node.float("alpha", default: 1)
      guard alpha != 1 else { return try scope.add(MatMul(), operands, for: node) }
      let product = try scope.add(MatMul(), operands, "product")
      let dtype = scope.type(product).tensor?.dtype ?? .f32
      let factor = scope.constant(Tensor(filling: alpha, dtype, []))
      return try scope.add(Mul(), [product, factor], for: node)
    }
  }
}
