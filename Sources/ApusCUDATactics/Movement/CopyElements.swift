import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Elements moved as they are: bits read as another type, pictures cropped and padded around their middle, tensors of
/// many axes repeated, dropout without training.
public struct CopyElements: CUDATactic {
  public let name = "cuda.copy-elements"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [BitCast.self, CenterCropPad.self, Dropout.self, Tile.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.kernelName != nil && $0.bitWidth >= 8 }) {
      return .no(reason)
    }
    guard node.op is Dropout else { return node.rowMajor(steering: absorbed(node)) }
    let isTraining = node.isPresent(2) && node.constant(2)?.doubles().first != 0
    let isRandom = isTraining && !(node.isPresent(1) && node.constant(1)?.doubles().first == 0)
    return isRandom ? .no("random results") : node.rowMajor(steering: [1, 2])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> {
    switch node.op {
    case is CenterCropPad, is Tile: [1]
    case is Dropout: [1, 2]
    default: []
    }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let (input, output) = (try node.input(0), try node.output())
    let bits: [Int: DType] = [8: .u8, 16: .u16, 32: .u32, 64: .u64]
    guard let dtype = bits[output.dtype.bitWidth] else { throw node.refusal("element type") }
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node), try .write("y", 0, node)]
    for place in operands.indices { operands[place].dtype = dtype }
    var body = "y[index] = x[index];"
    if node.op is CenterCropPad {
      let strides = input.shape.rowMajorStrides
      var (inside, places): ([String], [String]) = ([], [])
      for (axis, (old, new)) in zip(input.shape, output.shape).enumerated() {
        // Halves are rounded down on both sides.
        let shift = new < old ? (old - new) / 2 : -((new - old) / 2)
        places.append("(i\(axis) + (\(shift)ll))")
        if new > old { inside.append("\(places[axis]) >= 0 && \(places[axis]) < \(old)ll") }
      }
      let condition = inside.isEmpty ? "true" : inside.joined(separator: " && ")
      body = "y[index] = \(condition) ? x[\(address(places, strides))] : (T_y::Store)0;"
    }
    if node.op is Tile {
      let places = input.shape.indices.map { "i\($0) % \(input.shape[$0])ll" }
      body = "y[index] = x[\(address(places.map { "(\($0))" }, input.shape.rowMajorStrides))];"
    }
    if node.op is Dropout, node.outputs.count > 1, node.outputs[1] != nil {
      operands.append(try .write("kept", 1, node))
      body += "\nkept[index] = 1;"
    }
    return [try ElementLoop(name: "copy", axes: output.shape, operands: operands, body: body).program(node)]
  }
}
