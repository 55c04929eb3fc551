import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics

/// Convolutions with constant weights by cuDNN, channels last, with bias, residual and activation fused.
struct CuDNNConvolution: LibraryTactic {
  let name = "cuda.cudnn"
  let context: CUDAContext
  var operators: [any Operator.Type] { [Conv.self] }

  func work(_ node: ConcreteNode, absorbed: Set<Int>) -> LibraryWork? {
    guard let conv = node.op as? Conv, absorbed.isSuperset(of: [1, 2]), let weight = node.constant(1),
      let input = try? node.input(0), let output = try? node.output(),
      let element = KernelElement(input.dtype),
      (3...4).contains(weight.rank), !node.isPresent(2) || node.constant(2) != nil,
      ([input, output] + [try? node.input(3)].compactMap { $0 }).allSatisfy({ $0.layout == .channelsLast }),
      let geometry = try? ConvGeometry(conv, input: input, weight: weight),
      geometry.pads.allSatisfy({ $0 >= 0 }), input.elementCount > 0
    else { return nil }
    return .convolution(
      LibraryConvolution(
        math: context.libraryMath(element), images: geometry.images,
        input: geometry.input + [geometry.inChannels * geometry.groups],
        result: geometry.result + [geometry.outChannels * geometry.groups], kernel: geometry.kernel,
        strides: geometry.strides, dilations: geometry.dilations, pads: geometry.pads,
        groups: geometry.groups, hasBias: node.isPresent(2), hasResidual: node.isPresent(3),
        activation: KernelActivation(conv.activation)))
  }

  func operands(_ node: ConcreteNode, absorbed: Set<Int>) throws -> (
    places: [String: CUDAProgram.Operand], packed: [Tensor]
  ) {
    guard let weight = node.constant(1), let element = KernelElement(try node.input(0).dtype) else {
      throw node.missing("weights")
    }
    var places: [String: CUDAProgram.Operand] = [
      "input": .input(0), "weights": .packed(0), "output": .output(0),
    ]
    var packed = [packedWeights(weight, element, context)]
    if context.libraryMath(element) == .tf32 {
      packed[0] = context.packed(packed[0], as: "tf32") { [weights = packed[0]] in
        Tensor(weights.floats().map(roundedToTF32), shape: weights.shape)
      }
    }
    if let bias = node.constant(2) {
      // In the operands' type: only such convolutions come compiled.
      places["bias"] = .packed(1)
      packed.append(context.packed(bias, as: "bias \(element.name)") { bias.converted(to: element.dtype) })
    }
    if node.isPresent(3) { places["residual"] = .input(3) }
    return (places, packed)
  }
}
