import ApusCUDA
import ApusCore
import ApusEngine

/// A generated kernel of elementwise operators: one thread computes a few neighbouring elements.
struct PointwiseSource {
  private let body: PointwiseBody
  private let inputs: [(index: Int, descriptor: TensorDescriptor, type: PointwiseType)]
  private let outputs: [(index: Int, descriptor: TensorDescriptor)]
  /// Axes of the output in the order of its memory, and each input's stride along them.
  private var axes: [(size: Int, strides: [Int])] = []
  private let width: Int

  init(_ body: PointwiseBody, inputs: [TensorDescriptor?], outputs: [TensorDescriptor?]) throws {
    self.body = body
    self.inputs = inputs.enumerated().compactMap { index, descriptor in
      guard let descriptor, let type = PointwiseType(descriptor.dtype) else { return nil }
      return (index, descriptor, type)
    }
    self.outputs = outputs.enumerated().compactMap { index, descriptor in descriptor.map { (index, $0) } }
    guard let output = self.outputs.first?.descriptor else {
      throw ApusError(.internal, Problem(.internalError, "an elementwise kernel without output"))
    }
    let rank = output.shape.count
    for axis in output.layout.order(rank: rank) where output.shape[axis] != 1 {
      let strides = self.inputs.map { input -> Int in
        let place = axis - (rank - input.descriptor.shape.count)
        guard place >= 0, input.descriptor.shape[place] != 1 else { return 0 }
        return input.descriptor.strides[place]
      }
      if let last = axes.last, zip(last.strides, strides).allSatisfy({ $0 == $1 * output.shape[axis] }) {
        axes[axes.count - 1] = (last.size * output.shape[axis], strides)
      } else {
        axes.append((output.shape[axis], strides))
      }
    }
    width = Self.width(
      axes, bytes: self.inputs.map(\.type.bytes) + self.outputs.map { $0.descriptor.dtype.bitWidth / 8 })
  }

  /// Neighbouring elements of a thread: as many as fill 16 bytes of the widest type, where all inputs run along with
  /// the output or stand still.
  private static func width(_ axes: [(size: Int, strides: [Int])], bytes: [Int]) -> Int {
    guard let inner = axes.last, inner.strides.allSatisfy({ $0 <= 1 }) else { return 1 }
    let widest = bytes.max() ?? 4
    return [8, 4, 2].first { width in
      width * widest <= 16 && inner.size % width == 0
        && axes.dropLast().allSatisfy { $0.strides.allSatisfy { $0 % width == 0 } }
    } ?? 1
  }

  private var count: Int { axes.reduce(1) { $0 * $1.size } }

  func spec() -> KernelSpec {
    let threads = 128
    let groups = count / width
    let parameters = inputs.map { "in\($0.index)" } + outputs.map { "out\($0.index)" }
    return KernelSpec(
      source: KernelSource(generated: text(threads, groups), name: "pointwise.cu", entry: "pointwise"),
      geometry: LaunchGeometry(grid: .init((groups + threads - 1) / threads), block: .init(threads)),
      parameters: parameters.map { .operand($0) })
  }

  /// What the parameters of the kernel are bound to.
  var operands: [String: CUDAProgram.Operand] {
    var operands: [String: CUDAProgram.Operand] = [:]
    for input in inputs { operands["in\(input.index)"] = .input(input.index) }
    for output in outputs { operands["out\(output.index)"] = .output(output.index) }
    return operands
  }

  private func text(_ threads: Int, _ groups: Int) -> String {
    let signature =
      inputs.map { "const \($0.type.store) *__restrict__ in\($0.index)" }
      + outputs.enumerated().map { "\(body.results[$0].type.store) *__restrict__ out\($1.index)" }
    var lines = [
      "#include \"common.cuh\"",
      "extern \"C\" __global__ void __launch_bounds__(\(threads)) pointwise(\(signature.joined(separator: ", "))) {",
      "allowSuccessor();", "waitForPredecessor();",
      "const u64 group = blockIdx.x * (u64)\(threads) + threadIdx.x;", "if (group >= \(groups)ull) return;",
      "u64 rest = group;",
    ]
    lines += offsets() + loads()
    for (position, output) in outputs.enumerated() {
      let store = body.results[position].type.store
      lines.append(
        "union { \(word(output.descriptor.dtype.bitWidth / 8)) word; \(store) e[\(width)]; } r\(output.index);"
      )
    }
    lines.append("#pragma unroll")
    lines.append("for (int j = 0; j < \(width); j++) {")
    for (position, input) in inputs.enumerated() {
      let element = isStill(position) ? "y\(input.index)" : "y\(input.index).e[j]"
      lines.append("const \(input.type.register) x\(input.index) = \(input.type.load(element));")
    }
    lines += body.statements
    for (position, output) in outputs.enumerated() {
      let result = body.results[position]
      lines.append("r\(output.index).e[j] = \(result.type.store(result.register));")
    }
    lines.append("}")
    for output in outputs {
      lines.append(
        "*(\(word(output.descriptor.dtype.bitWidth / 8)) *)(out\(output.index) + group * \(width)) = r\(output.index).word;"
      )
    }
    return (lines + ["}", ""]).joined(separator: "\n")
  }

  /// Whether an input does not move along the last axis.
  private func isStill(_ position: Int) -> Bool { axes.last.map { $0.strides[position] == 0 } ?? true }

  private func word(_ bytes: Int) -> String { "Raw<\(bytes * width)>::T" }

  /// Where the group's elements of each input begin.
  private func offsets() -> [String] {
    var lines = inputs.map { "u64 at\($0.index) = 0;" }
    for (number, axis) in axes.enumerated().reversed() {
      let isLast = number == axes.count - 1
      let size = isLast ? axis.size / width : axis.size
      lines.append(
        "{ const u64 i = \(number == 0 ? "rest" : "rest % \(size)ull");\(number == 0 ? "" : " rest /= \(size)ull;")"
      )
      for (position, input) in inputs.enumerated() where axis.strides[position] != 0 {
        lines.append("at\(input.index) += i * \(axis.strides[position] * (isLast ? width : 1))ull;")
      }
      lines.append("}")
    }
    return lines
  }

  private func loads() -> [String] {
    inputs.enumerated().map { position, input in
      if isStill(position) {
        return "const \(input.type.store) y\(input.index) = in\(input.index)[at\(input.index)];"
      }
      return
        "union { \(word(input.type.bytes)) word; \(input.type.store) e[\(width)]; } y\(input.index); y\(input.index).word = *(const \(word(input.type.bytes)) *)(in\(input.index) + at\(input.index));"
    }
  }
}
