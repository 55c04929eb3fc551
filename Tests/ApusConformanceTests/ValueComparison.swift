import ApusCore

/// The first difference between a result and what is expected, within `|a - b| <= 1e-7 + 1e-3 * |b|`; nil: none.
///
/// Expected values are mostly single precision: sums that cancel leave up to a few of its steps at the largest element.
func difference(_ actual: Value, _ expected: Value) -> String? {
  switch (actual, expected) {
  case (.tensor(let a), .tensor(let b)): return difference(a, b)
  case (.sequence(let a, _), .sequence(let b, _)):
    if a.count != b.count { return "\(a.count) elements instead of \(b.count)" }
    return zip(a, b).lazy.compactMap { difference($0, $1) }.first
  case (.optional(let a, _), .optional(let b, _)):
    guard let a, let b else { return a == nil && b == nil ? nil : "one optional is empty" }
    return difference(a, b)
  default: return "\(actual.type) instead of \(expected.type)"
  }
}

private func difference(_ a: Tensor, _ b: Tensor) -> String? {
  guard a.dtype == b.dtype, a.shape == b.shape else { return "\(a.type) instead of \(b.type)" }
  if a.dtype == .string {
    let index = a.strings.indices.first { a.strings[$0] != b.strings[$0] }
    return index.map { "element \($0) is '\(a.strings[$0])', expected '\(b.strings[$0])'" }
  }
  if a.dtype.isInteger || a.dtype == .bool {
    let (x, y) = (a.integers(), b.integers())
    let index = x.indices.first { x[$0] != y[$0] }
    return index.map { "element \($0) is \(x[$0]), expected \(y[$0])" }
  }
  let (x, y) = (a.complex(), b.complex())
  let largest = y.map { max(abs($0.real), abs($0.imaginary)) }.filter(\.isFinite).max() ?? 0
  let slack = 1e-7 * max(1, 4 * largest)
  let index = x.indices.first {
    !close(x[$0].real, y[$0].real, slack) || !close(x[$0].imaginary, y[$0].imaginary, slack)
  }
  return index.map { "element \($0) is \(x[$0]), expected \(y[$0])" }
}

private func close(_ a: Double, _ b: Double, _ slack: Double) -> Bool {
  if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
  return a == b || abs(a - b) <= slack + 1e-3 * abs(b)
}

/// Why a value does not have an inferred type; nil: it does. Symbols stand for any size.
func mismatch(_ value: Value, _ type: ValueType) -> String? {
  guard case .tensor(let tensor) = value, case .tensor(let inferred) = type else { return nil }
  let fits =
    tensor.dtype == inferred.dtype
    && (inferred.shape.map { shape in
      shape.count == tensor.rank && zip(shape, tensor.shape).allSatisfy { ($0.value ?? $1) == $1 }
    } ?? true)
  return fits ? nil : "inferred \(inferred), computed \(tensor.type)"
}
