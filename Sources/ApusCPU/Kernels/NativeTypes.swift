package import ApusCore
import ApusEngine
import CApusKernels

extension DType {
  /// The kernels' code of a floating-point type.
  var native: apus_dtype { self == .bf16 ? APUS_BF16 : self == .f16 ? APUS_F16 : APUS_F32 }

  /// Whether the kernels have a code for the type.
  package var hasElementCode: Bool { self == .f32 || element != APUS_F32 }
}

extension TensorDescriptor {
  /// Lines along an axis, for kernels that walk them.
  func lines(along axis: Int) -> apus_lines {
    apus_lines(
      outer: shape[..<axis].reduce(1, *), size: shape[axis], inner: shape[(axis + 1)...].reduce(1, *),
      type: dtype.element)
  }
}

/// Depth, height and width; leading axes that are not there are filled.
func spatialTriple(_ sizes: [Int], _ fill: Int) -> (Int, Int, Int) {
  let padded = [Int](repeating: fill, count: max(0, 3 - sizes.count)) + sizes
  return (padded[0], padded[1], padded[2])
}

/// Height and width; a height that is not there is filled.
func spatialPair(_ sizes: [Int], _ fill: Int) -> (Int, Int) {
  sizes.count > 1 ? (sizes[0], sizes[1]) : (fill, sizes.first ?? fill)
}
