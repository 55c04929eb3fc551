import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// DynamicQuantizeLinear: the range by one block, then the elements.
public struct DynamicQuantize: CUDATactic {
  public let name = "cuda.dynamic-quantize"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [DynamicQuantizeLinear.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard node.outputs.count == 3, node.outputs.allSatisfy({ $0 != nil }) else {
      return .no("unused outputs")
    }
    return node.generalRefusal().map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    let scale = try ElementLoop.Operand.write("scale", 1, node)
    let zero = try ElementLoop.Operand.write("zero", 2, node)
    let range = ElementLoop(
      name: "value_range", axes: [1], operands: [try .read("x", 0, node), scale, zero],
      body: """
        __shared__ float lows[32], highs[32];
        // Zero always lies in the range.
        float low = 0, high = 0;
        for (long long i = threadIdx.x; i < \(input.elementCount)ll; i += 1024) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
        }
        low = -warpMax(-low);
        high = warpMax(high);
        if (threadIdx.x % 32 == 0) {
        lows[threadIdx.x / 32] = low;
        highs[threadIdx.x / 32] = high;
        }
        __syncthreads();
        if (threadIdx.x != 0) return;
        for (int i = 1; i < 32; i++) {
        low = fminf(low, lows[i]);
        high = fmaxf(high, highs[i]);
        }
        const float step = low == high ? 1.0f / 255.0f : (high - low) / 255.0f;
        scale[0] = step;
        zero[0] = (unsigned char)rintf(fminf(fmaxf(-low / step, 0.0f), 255.0f));
        """, threads: 1024, isPerBlock: true)
    var (readScale, readZero) = (scale, zero)
    (readScale.isResult, readZero.isResult) = (false, false)
    let elements = ElementLoop(
      name: "quantize_range", axes: [input.elementCount],
      operands: [try .read("x", 0, node), readScale, readZero, try .write("y", 0, node)],
      body: """
        const float v = rintf(x[index] / scale[0]) + (float)zero[0];
        y[index] = (unsigned char)fminf(fmaxf(v, 0.0f), 255.0f);
        """)
    return [CUDAProgram("dynamic quantize", [try range.launch(node), try elements.launch(node)])]
  }
}
