import ApusCore

/// Symbols of a plan, resolved from the shapes of its inputs.
struct ShapeBinding {
  var symbols: [String: Int] = [:]

  /// Checks shapes and element types against the plan; all problems at once.
  init(_ plan: Plan, inputs: [ValueType?]) throws {
    var problems: [Problem] = []
    for (position, index) in plan.inputs.enumerated() {
      let value = plan.values[index]
      guard let given = inputs[position] else {
        problems.append(
          Problem(
            .inputMissing, "input '\(value.name)' is missing", allowed: value.type.description,
            fix: "give it a value"))
        continue
      }
      guard let wanted = value.type.tensor, let actual = given.tensor else { continue }
      if wanted.dtype != actual.dtype {
        problems.append(
          Problem(
            .inputType, "input '\(value.name)' has the wrong element type", value: actual.dtype.rawValue,
            allowed: wanted.dtype.rawValue, fix: "convert the data to \(wanted.dtype.rawValue)"))
      }
      if let shape = wanted.shape, let sizes = actual.staticShape {
        bind(shape, sizes, value.name, wanted, &problems)
      }
    }
    problems += outsideProfiles(plan, inputs)
    if !problems.isEmpty { throw ApusError(.invalidInput, problems) }
  }

  private mutating func bind(
    _ shape: Shape, _ sizes: [Int], _ name: String, _ wanted: TensorType, _ problems: inout [Problem]
  ) {
    let given = "[\(sizes.map(String.init).joined(separator: ","))]"
    guard shape.count == sizes.count else {
      problems.append(
        Problem(
          .inputShape, "input '\(name)' has rank \(sizes.count), not \(shape.count)", value: given,
          allowed: wanted.description))
      return
    }
    for (axis, (dim, size)) in zip(shape, sizes).enumerated() {
      if let symbol = dim.symbolName {
        if let known = symbols[symbol], known != size {
          problems.append(
            Problem(
              .inputShape,
              "axis \(axis) of input '\(name)' is '\(symbol)', which another axis set to \(known)",
              value: given, allowed: wanted.description, fix: "equal symbols must have equal sizes"))
        }
        symbols[symbol] = size
      } else if let value = dim.evaluate(symbols), value != size {
        problems.append(
          Problem(
            .inputShape, "input '\(name)' has the wrong size at axis \(axis)", value: given,
            allowed: wanted.description))
      }
    }
  }

  /// A run must fit at least one profile, when there are any.
  private func outsideProfiles(_ plan: Plan, _ inputs: [ValueType?]) -> [Problem] {
    guard !plan.profiles.isEmpty else { return [] }
    var misfits: [Problem] = []
    for profile in plan.profiles {
      var problems: [Problem] = []
      for (position, index) in plan.inputs.enumerated() {
        guard let range = profile.inputs[plan.values[index].name],
          let sizes = inputs[position]?.tensor?.staticShape
        else { continue }
        let fits =
          sizes.count == range.min.count
          && sizes.indices.allSatisfy { sizes[$0] >= range.min[$0] && sizes[$0] <= range.max[$0] }
        if !fits {
          let text = { (shape: [Int]) in shape.map(String.init).joined(separator: "x") }
          problems.append(
            Problem(
              .inputShape, "input '\(plan.values[index].name)' is outside the profile", value: text(sizes),
              allowed: "\(text(range.min)) to \(text(range.max))",
              fix: "use a shape within the profile, or optimize again with a wider --shapes"))
        }
      }
      if problems.isEmpty { return [] }
      misfits += problems
    }
    return misfits
  }
}

extension PlanValue {
  /// The concrete tensor, when symbols suffice to tell.
  func descriptor(_ symbols: [String: Int]) -> TensorDescriptor? {
    guard let type = type.tensor, let shape = type.shape else { return nil }
    let sizes = shape.compactMap { $0.evaluate(symbols) }
    guard sizes.count == shape.count, sizes.allSatisfy({ $0 >= 0 }) else { return nil }
    return TensorDescriptor(type.dtype, sizes, layout)
  }
}
