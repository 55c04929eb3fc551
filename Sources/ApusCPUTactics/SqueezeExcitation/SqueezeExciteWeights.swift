import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

extension TacticNode {
  /// Why a layer's weights, inputs from `first` on, cannot be packed.
  func layerRefusal(weightsAt first: Int) -> String? {
    for index in [first, first + 2] {
      guard let weight = constant(index) else { return "the layer's weights are computed at run time" }
      guard weight.elementCount > 0 else { return "no weights" }
    }
    return packingRefusal(first + 1, "bias") ?? packingRefusal(first + 3, "bias")
  }

  /// The layer with its weights packed into `constants`.
  func packedLayer(_ layer: SqueezeExcitation, weightsAt first: Int, _ constants: ConstantPool)
    -> (SqueezeExciteLayer, ConstantReference)?
  {
    guard let reduce = constant(first), let expand = constant(first + 2) else { return nil }
    let sizes = SqueezeExciteLayer(channels: reduce.shape[1], squeezed: reduce.shape[0], layer: layer)
    let packed = sizes.pack(
      reduce: reduce.floats(), constant(first + 1)?.floats(), expand: expand.floats(),
      constant(first + 3)?.floats())
    return (sizes, constants.add(packed))
  }
}
