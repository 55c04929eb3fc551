import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Det of small matrices: each thread eliminates one, with the largest pivot of each column.
public struct Determinants: CUDATactic {
  public let name = "cuda.det"
  static let largest = 32
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Det.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal(types: \.isComputed).map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let (input, output) = (try node.input(0), try node.output())
    guard let n = input.shape.last, n <= Self.largest else { throw node.refusal("large matrices") }
    let loop = ElementLoop(
      name: "det", axes: [output.elementCount],
      operands: [try .read("x", 0, node), try .write("y", 0, node)],
      body: """
        double a[\(max(1, n * n))], product = 1;
        for (int i = 0; i < \(n * n); i++) a[i] = T_x::load(x, index * \(n * n) + i);
        for (int c = 0; c < \(n); c++) {
        int pivot = c;
        for (int r = c + 1; r < \(n); r++) if (fabs(a[r * \(n) + c]) > fabs(a[pivot * \(n) + c])) pivot = r;
        const double top = a[pivot * \(n) + c];
        product *= pivot == c ? top : -top;
        if (top == 0) break;
        for (int i = 0; i < \(n); i++) {
        const double other = a[pivot * \(n) + i];
        a[pivot * \(n) + i] = a[c * \(n) + i];
        a[c * \(n) + i] = other;
        }
        for (int r = c + 1; r < \(n); r++) {
        const double factor = a[r * \(n) + c] / top;
        for (int i = c; i < \(n); i++) a[r * \(n) + i] -= factor * a[c * \(n) + i];
        }
        }
        T_y::put(y, index, (T_y::Number)product);
        """)
    return [try loop.program(node)]
  }
}
