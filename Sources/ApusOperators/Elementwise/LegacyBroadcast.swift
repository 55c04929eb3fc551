import ApusCore

extension Importer {
  /// Binary operators before opset 7: `broadcast=1` aligns the second operand at `axis` (default: the last axes).
  static func legacyBroadcast(_ opType: String, _ make: @escaping @Sendable () -> any Operator) -> Importer {
    .onnx(opType, since: 1, until: 6) { node, scope in
      guard try node.bool("broadcast", default: false), let axis = try node.int("axis"),
        node.inputs.count == 2,
        let a = node.inputs[0], let b = node.inputs[1],
        let rankA = scope.type(a).tensor?.rank, let shapeB = scope.type(b).tensor?.shape
      else { return try scope.add(make(), node.inputs, for: node) }
      let start = try normalizedAxis(axis, rank: rankA)
      let trailing = rankA - start - shapeB.count
      guard trailing > 0 else { return try scope.add(make(), node.inputs, for: node) }
      let axes = (0..<trailing).map { shapeB.count + $0 }
      let widened = try scope.add(Unsqueeze(), [b, scope.constant(axes)], "broadcast")
      return try scope.add(make(), [a, widened], for: node)
    }
  }
}
