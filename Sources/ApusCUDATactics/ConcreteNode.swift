import ApusCore
import ApusEngine
import ApusTactics

/// A node at concrete sizes, with the layouts of its operands: what kernels with fixed extents are made for.
struct ConcreteNode {
  let op: any Operator
  let name: String
  /// nil: left out.
  let inputs: [TensorDescriptor?]
  let outputs: [TensorDescriptor?]
  let constants: [Tensor?]
  /// Elements of inputs that shape arithmetic knows.
  let contents: [Tensor?]

  /// nil where a size depends on more than `symbols`; symbols that are not named are 1.
  init?(_ node: TacticNode, _ layouts: LayoutSignature, symbols: [String: Int]) {
    func descriptors(_ types: [ValueType?], _ layouts: [Layout?]) -> [TensorDescriptor?]? {
      var found: [TensorDescriptor?] = []
      for (index, type) in types.enumerated() {
        guard let type else {
          found.append(nil)
          continue
        }
        guard let tensor = type.tensor, let shape = tensor.shape else { return nil }
        let sizes = shape.compactMap { dim in
          dim.evaluate(symbols.merging(dim.symbols.map { ($0, 1) }) { given, _ in given })
        }
        guard sizes.count == shape.count, sizes.allSatisfy({ $0 >= 0 }) else { return nil }
        let layout = index < layouts.count ? layouts[index] : nil
        found.append(TensorDescriptor(tensor.dtype, sizes, layout ?? .rowMajor))
      }
      return found
    }
    guard let inputs = descriptors(node.inputs, layouts.inputs),
      let outputs = descriptors(node.outputs, layouts.outputs)
    else { return nil }
    op = node.op
    name = node.name
    self.inputs = inputs
    self.outputs = outputs
    constants = node.constants
    contents = node.contents.map { known in
      known.flatMap { $0.evaluate(symbols.merging($0.symbols.map { ($0, 1) }) { given, _ in given }) }
    }
  }

  func isPresent(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }
  func constant(_ index: Int) -> Tensor? { index < constants.count ? constants[index] : nil }

  func input(_ index: Int) throws -> TensorDescriptor {
    guard index < inputs.count, let input = inputs[index] else { throw missing("input \(index)") }
    return input
  }

  func output(_ index: Int = 0) throws -> TensorDescriptor {
    guard index < outputs.count, let output = outputs[index] else { throw missing("output \(index)") }
    return output
  }

  /// Known integers of an input.
  func integers(_ index: Int) -> [Int]? {
    let known = constant(index) ?? (index < contents.count ? contents[index] : nil)
    return known.flatMap { $0.dtype.isInteger ? $0.integers().map { Int($0) } : nil }
  }

  func missing(_ what: String) -> ApusError {
    ApusError(
      .internal, Problem(.internalError, "the node lacks \(what)", node: name, operator: op.operatorName))
  }

  /// The error of a tactic that cannot serve the node at these sizes after all.
  func refusal(_ reason: String) -> ApusError {
    ApusError(
      .unsupportedOperator,
      Problem(.unsupportedOperator, reason, node: name, operator: op.operatorName))
  }
}

extension TensorDescriptor {
  /// Height, width and channels of a tensor that lies channels last; 1-D pictures have height 1.
  var picture: (images: Int, height: Int, width: Int, channels: Int) {
    let spatial = shape.dropFirst(2)
    return (
      shape.first ?? 1, spatial.count > 1 ? spatial.dropLast().reduce(1, *) : 1, spatial.last ?? 1,
      shape.count > 1 ? shape[1] : 1
    )
  }

  /// Elements from one to the next along each logical axis.
  var strides: [Int] { layout.strides(of: shape) }
}
