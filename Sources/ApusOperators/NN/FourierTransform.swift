import ApusCore
import Glibc

/// The discrete Fourier transform of one line, by its definition with a table of roots.
struct FourierTransform {
  let length: Int
  let inverse: Bool
  private let roots: [Complex]

  init(length: Int, inverse: Bool) {
    self.length = length
    self.inverse = inverse
    let step = (inverse ? 2 : -2) * Double.pi / Double(max(length, 1))
    roots = (0..<length).map { Complex(cos(step * Double($0)), sin(step * Double($0))) }
  }

  /// The first `count` elements of the transform of `line`, which is cut or padded with zeros to `length`.
  func callAsFunction(_ line: [Complex], count: Int) -> [Complex] {
    let given = min(line.count, length)
    let factor = inverse ? 1 / Double(max(length, 1)) : 1
    return (0..<count).map { frequency in
      var sum = Complex(0, 0)
      var turn = 0
      for index in 0..<given {
        sum = sum + line[index] * roots[turn]
        turn += frequency
        if turn >= length { turn %= length }
      }
      return Complex(sum.real * factor, sum.imaginary * factor)
    }
  }
}

/// Elements of a tensor whose last axis holds one (real) or two (real, imaginary) numbers.
func complexElements(_ tensor: Tensor) throws -> [Complex] {
  let values = tensor.doubles()
  switch tensor.shape.last {
  case 1: return values.map { Complex($0, 0) }
  case 2: return stride(from: 0, to: values.count, by: 2).map { Complex(values[$0], values[$0 + 1]) }
  default:
    throw OperatorError(
      .shapeMismatch, "the last axis of \(tensor.shape) is neither real nor complex", allowed: "1, 2")
  }
}
