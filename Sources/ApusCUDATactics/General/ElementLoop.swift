import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics

/// A generated kernel with one thread for each element of an index space: general operators that no specialised kernel
/// takes.
///
/// The body sees the place of its element as `i0`, `i1`, … along the axes and `index` in row-major order, and each
/// operand as a pointer with its name and a type `T_<name>` of `elements.cuh`. It must not return early where
/// `threads` share memory.
struct ElementLoop {
  struct Operand {
    var name: String
    var dtype: DType
    var place: CUDAProgram.Operand
    var isResult = false
  }

  var name: String
  var axes: [Int]
  var operands: [Operand]
  var body: String
  /// Headers and device functions before the kernel.
  var prologue = ""
  var packed: [Tensor] = []
  /// Threads of a block.
  var threads = 128
  /// Whether each element has a block of its own, whose threads work together.
  var isPerBlock = false

  private var count: Int { axes.reduce(1, *) }

  /// Adds a table that the host has computed.
  mutating func add(_ name: String, _ table: Tensor) {
    operands.append(Operand(name: name, dtype: table.dtype, place: .packed(packed.count)))
    packed.append(table)
  }

  /// Throws where an operand's type is unknown to kernels.
  func launch(_ node: ConcreteNode) throws -> CUDAProgram.Launch {
    CUDAProgram.Launch(
      spec: KernelSpec(
        source: KernelSource(generated: try text(node), name: "\(name).cu", entry: name),
        geometry: LaunchGeometry(
          grid: .init(isPerBlock ? count : (count + threads - 1) / threads), block: .init(threads)),
        parameters: operands.map { .operand($0.name) }),
      operands: Dictionary(operands.map { ($0.name, $0.place) }) { first, _ in first })
  }

  func program(_ node: ConcreteNode) throws -> CUDAProgram {
    CUDAProgram(name, [try launch(node)], packed: packed)
  }

  private func text(_ node: ConcreteNode) throws -> String {
    var types: [String] = []
    var parameters: [String] = []
    for operand in operands {
      guard let type = operand.dtype.kernelName else {
        throw node.refusal("element type \(operand.dtype.rawValue)")
      }
      types.append("typedef \(type) T_\(operand.name);")
      parameters.append(
        "\(operand.isResult ? "" : "const ")T_\(operand.name)::Store *__restrict__ \(operand.name)")
    }
    // Neighbours in a block are neighbours along the last axis.
    let places = axes.indices.reversed().map { axis in
      axis == 0
        ? "const long long i0 = rest;"
        : "const long long i\(axis) = rest % \(axes[axis])ll; rest /= \(axes[axis])ll;"
    }
    let position = isPerBlock ? "blockIdx.x" : "blockIdx.x * \(threads)ll + threadIdx.x"
    return """
      #include "common.cuh"
      #include "elements.cuh"
      \(prologue)
      \(types.joined(separator: "\n"))
      extern "C" __global__ void __launch_bounds__(\(threads)) \(name)(\(parameters.joined(separator: ", "))) {
      allowSuccessor();
      waitForPredecessor();
      const long long index = \(position);
      if (index >= \(count)ll) return;
      long long rest = index;
      \(places.joined(separator: "\n"))
      \(body)
      }

      """
  }
}

extension ElementLoop.Operand {
  /// The operand `x` of a loop that is input `index` of the node.
  static func read(_ name: String, _ index: Int, _ node: ConcreteNode) throws -> ElementLoop.Operand {
    ElementLoop.Operand(name: name, dtype: try node.input(index).dtype, place: .input(index))
  }

  /// The operand `y` of a loop that is output `index` of the node.
  static func write(_ name: String, _ index: Int, _ node: ConcreteNode) throws -> ElementLoop.Operand {
    ElementLoop.Operand(
      name: name, dtype: try node.output(index).dtype, place: .output(index), isResult: true)
  }
}

/// Terms `i0 * 12 + i2` of an address.
func address(_ names: [String], _ strides: [Int]) -> String {
  let terms = zip(names, strides).compactMap { $1 == 0 ? nil : $1 == 1 ? $0 : "\($0) * \($1)ll" }
  return terms.isEmpty ? "0ll" : terms.joined(separator: " + ")
}

/// A literal of a kernel's number that reads back exactly.
func literal(_ value: Double) -> String {
  if value.isNaN { return "__longlong_as_double(0x7fffffffffffffffll)" }
  if value.isInfinite { return "__longlong_as_double(0x\(value > 0 ? "7ff" : "fff")0000000000000ll)" }
  return "\(value)"
}

extension TacticNode {
  /// Whether any of the tactics takes the node, so that a general one need not.
  func isServed(by tactics: [any CUDATactic]) -> Bool {
    tactics.contains { tactic in
      tactic.operators.contains { $0.name == op.operatorName } && tactic.supports(self).reason == nil
    }
  }

  /// Whether an input is left out or its elements are known before anything runs.
  func isKnown(_ index: Int) -> Bool {
    !isPresent(index) || constant(index) != nil || (index < contents.count && contents[index] != nil)
  }

  /// Row-major operands, of which `steering` ones are known and not read; no where one is computed at run time.
  func rowMajor(steering: Set<Int>) -> Support {
    if let index = steering.first(where: { !isKnown($0) }) {
      return .no("input \(index) is computed at run time")
    }
    return .yes([
      LayoutSignature(
        inputs: inputs.indices.map { steering.contains($0) ? nil : .rowMajor },
        outputs: outputs.map { _ in .rowMajor })
    ])
  }

  /// Why some operand cannot be read by general kernels; nil: all can.
  func generalRefusal(types: (DType) -> Bool = { $0.kernelName != nil }) -> String? {
    for type in inputs + outputs {
      guard let type else { continue }
      guard let tensor = type.tensor, tensor.shape != nil else { return "unknown ranks" }
      if !types(tensor.dtype) { return "element type \(tensor.dtype.rawValue)" }
    }
    return nil
  }
}
