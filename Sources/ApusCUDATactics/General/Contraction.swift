import ApusCUDA
import ApusCore

/// Sums of products over strided operands: `finish(sum over inner of product(v0, v1, …))` at each place of `outer`.
struct Contraction {
  struct Operand {
    var index: Int
    /// Elements to go for a step along the outer axes, then the inner ones.
    var strides: [Int]
  }

  var outer: [Int]
  var inner: [Int]
  var operands: [Operand]
  /// Type of sums and of `v0`, `v1`, ….
  var wide: String
  var product: String
  /// What is stored, of `sum` and of `v…` of operands that do not move along the inner axes.
  var finish = "sum"
  var prologue = ""

  func program(_ name: String, _ node: ConcreteNode) throws -> CUDAProgram {
    let places = outer.indices.map { "i\($0)" }
    let loops = inner.indices.filter { inner[$0] != 1 }
    var (fixed, moving): ([String], [String]) = ([], [])
    for (number, operand) in operands.enumerated() {
      let (stay, move) = (operand.strides.prefix(outer.count), operand.strides.suffix(inner.count))
      fixed.append("const long long a\(number) = \(address(places, Array(stay)));")
      let isStill = loops.allSatisfy { move[move.startIndex + $0] == 0 }
      let offset = address(loops.map { "k\($0)" }, loops.map { move[move.startIndex + $0] })
      let read =
        "const \(wide) v\(number) = (\(wide))T_x\(operand.index)::load(x\(operand.index), a\(number) + \(offset));"
      if isStill { fixed.append(read) } else { moving.append(read) }
    }
    let heads = loops.map { "for (long long k\($0) = 0; k\($0) < \(inner[$0])ll; k\($0)++) {" }
    let body =
      fixed + ["\(wide) sum = 0;"] + heads + moving + ["sum += \(product);"] + loops.map { _ in "}" }
      + ["T_y::put(y, index, (T_y::Number)(\(finish)));"]
    let used = Set(operands.map(\.index)).sorted()
    let loop = ElementLoop(
      name: name, axes: outer,
      operands: try used.map { try ElementLoop.Operand.read("x\($0)", $0, node) } + [.write("y", 0, node)],
      body: body.joined(separator: "\n"), prologue: prologue)
    return try loop.program(node)
  }
}

/// Strides of an operand of `shape` along the axes of a shape that it broadcasts to.
func broadcastStrides(_ shape: [Int], over target: [Int]) -> [Int] {
  let strides = shape.rowMajorStrides
  return target.indices.map { axis in
    let place = axis - (target.count - shape.count)
    return place < 0 || shape[place] == 1 ? 0 : strides[place]
  }
}
