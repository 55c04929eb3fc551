public import ApusCore

extension Resize {
  public static var importers: [Importer] {
    [
      .onnx("Resize", since: 11) { node in try of(node) },
      .onnx("Resize", since: 10, until: 10) { node, scope in
        let op = try old(node, nearest: .simple)
        return try scope.add(op, [node.inputs.first ?? nil, nil] + node.inputs.dropFirst(), for: node)
      },
      .onnx("Upsample", since: 9, until: 10) { node, scope in
        let op = try old(node, nearest: .floor)
        return try scope.add(op, [node.inputs.first ?? nil, nil] + node.inputs.dropFirst(), for: node)
      },
      .onnx("Upsample", since: 1, until: 8) { node, scope in
        let scales =
          try node.floats("scales")
          ?? [
            1, 1, node.require("height_scale", node.float("height_scale")),
            node.require("width_scale", node.float("width_scale")),
          ]
        let tensor = scope.constant(Tensor(scales.map { Float($0) }))
        return try scope.add(old(node, nearest: .floor), [node.inputs.first ?? nil, nil, tensor], for: node)
      },
    ]
  }

  /// Before opset 11 places were always scaled from the corner.
  private static func old(_ node: SourceNode, nearest: Nearest) throws -> Resize {
    var op = Resize()
    op.mode = try mode(node)
    op.coordinates = .asymmetric
    op.nearest = nearest
    return op
  }

  private static func mode(_ node: SourceNode) throws -> Mode {
    switch try node.string("mode", default: "nearest") {
    case "nearest": return .nearest
    case "linear", "bilinear": return .linear
    case "cubic": return .cubic
    case let text:
      throw OperatorError(
        .unsupportedAttribute, "unknown mode", attribute: "mode", value: text,
        allowed: "nearest, linear, cubic")
    }
  }

  private static func of(_ node: SourceNode) throws -> Resize {
    var op = Resize()
    op.mode = try mode(node)
    op.coordinates = try choice(node, "coordinate_transformation_mode", .halfPixel)
    op.nearest = try choice(node, "nearest_mode", .roundPreferFloor)
    op.aspectRatio = try choice(node, "keep_aspect_ratio_policy", .stretch)
    op.cubicCoefficient = try node.float("cubic_coeff_a", default: -0.75)
    op.excludeOutside = try node.bool("exclude_outside", default: false)
    op.extrapolationValue = try node.float("extrapolation_value", default: 0)
    op.antialias = try node.bool("antialias", default: false)
    op.axes = try node.ints("axes")
    guard !op.antialias || op.mode != .nearest else {
      throw OperatorError(
        .unsupportedAttribute, "the nearest element cannot be antialiased", attribute: "antialias",
        value: "1",
        allowed: "0", fix: "use mode linear or cubic")
    }
    return op
  }

  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ node: SourceNode, _ name: String, _ fallback: Choice
  ) throws -> Choice where Choice.RawValue == String {
    let text = try node.string(name, default: fallback.rawValue)
    guard let choice = Choice(rawValue: text) else {
      throw OperatorError(
        .unsupportedAttribute, "unknown value", attribute: name, value: text,
        allowed: Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }
}
