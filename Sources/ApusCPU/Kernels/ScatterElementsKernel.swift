package import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// The data with updates put, or reduced, at the places that indices name.
public struct ScatterElementsKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: ScatterElements

    public init(op: ScatterElements) { self.op = op }
  }

  public static let kind = "cpu.scatter.elements"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (data, indices, updates) = (try context.input(0), try context.input(1), try context.input(2))
    guard indices.shape == updates.shape else {
      throw IndexFailure.shapes("indices \(indices.shape) and updates \(updates.shape) differ in shape")
    }
    let native = try IndexedElements.native(data, indices, axis: parameters.op.axis)
    let (extent, reduction) = (data.shape[Int(native.axis)], parameters.op.reduction.native)
    return PreparedKernel { frame in
      let bad = withUnsafePointer(to: native) {
        apus_scatter_elements(
          $0, reduction, data.dtype.element, frame.input(0), frame.input(1), frame.input(2), frame.output(0),
          frame.pool)
      }
      guard bad < 0 else {
        throw IndexFailure.outside(
          frame.input(1), indices.dtype, bad, extent: extent, operator: ScatterElements.name)
      }
    }
  }

  /// Whether updates of a type can be joined with elements.
  package static func takes(_ dtype: DType, _ reduction: ScatterReduction) -> Bool {
    guard reduction != .none else { return dtype.bitWidth >= 8 }
    return dtype.hasElementCode && apus_scatter_takes(dtype.element)
  }
}

extension ScatterReduction {
  var native: apus_scatter {
    switch self {
    case .none: APUS_SCATTER_REPLACE
    case .add: APUS_SCATTER_ADD
    case .mul: APUS_SCATTER_MUL
    case .max: APUS_SCATTER_MAX
    case .min: APUS_SCATTER_MIN
    }
  }
}
