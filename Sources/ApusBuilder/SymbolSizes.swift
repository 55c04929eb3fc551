import ApusCore
import ApusEngine

extension Graph {
  /// What the symbols in the inputs' types stand for when the inputs have these shapes.
  func symbolSizes(_ shapes: [String: [Int]]) -> [String: Int] {
    var symbols: [String: Int] = [:]
    for id in inputs {
      guard let sizes = shapes[self[id].name] else { continue }
      for (dim, size) in zip(self[id].type.tensor?.shape ?? [], sizes) {
        if let name = dim.symbolName { symbols[name] = size }
      }
    }
    return symbols
  }

  /// Sizes for which kernels with fixed extents are made: those of the profiles, without one those of a sample.
  func symbolSizes(_ profiles: [ShapeProfile], _ sample: [String: Tensor]) -> [[String: Int]] {
    let shapes =
      profiles.isEmpty
      ? [sample.mapValues(\.shape)]
      : profiles.flatMap { profile in
        [profile.inputs.mapValues(\.opt), profile.inputs.mapValues(\.min), profile.inputs.mapValues(\.max)]
      }
    var found: [[String: Int]] = []
    for sizes in shapes.map(symbolSizes) where !found.contains(sizes) { found.append(sizes) }
    return found
  }
}
