import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Copies strided parts of its inputs to strided parts of its outputs: what operators that only move elements become.
public struct DataMovementKernel: CPUKernel {
  /// One of these is set; `slice`, `expand` and `tile` have no attributes.
  public struct Parameters: Codable, Sendable {
    public enum Plain: String, Codable, Sendable { case slice, expand, tile }

    public var plain: Plain?
    public var transpose: Transpose?
    public var concat: Concat?
    public var split: Split?
    public var pad: Pad?
    public var depthToSpace: DepthToSpace?
    public var spaceToDepth: SpaceToDepth?

    public init() {}
  }

  public static let kind = "cpu.movement"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let views = try MovementViews(context)
    let list: [MovementView]
    if let transpose = parameters.transpose {
      list = try views.transpose(transpose)
    } else if let concat = parameters.concat {
      list = try views.concat(axis: concat.axis)
    } else if let split = parameters.split {
      list = try views.split(split)
    } else if let pad = parameters.pad {
      list = try views.pad(pad)
    } else if let op = parameters.depthToSpace {
      list = try views.depthToSpace(op.blockSize, op.columnRowDepth)
    } else if let op = parameters.spaceToDepth {
      list = try views.spaceToDepth(op.blockSize)
    } else {
      switch parameters.plain {
      case .slice: list = try views.slice()
      case .tile: list = try views.tile()
      default: list = try views.expand()
      }
    }
    let pieces = try list.map { try Piece($0, context) }
    let zero = Tensor(.f64, [2])
    return PreparedKernel { frame in
      for index in pieces.indices {
        let piece = pieces[index]
        let from = piece.input.map { frame.input($0) } ?? zero.storage.base
        guard let from, let to = frame.output(piece.output) else { continue }
        piece.copy.run(from + piece.inOffset, to + piece.outOffset, frame.pool)
      }
    }
  }

  private struct Piece {
    let input: Int?
    let output: Int
    let copy: StridedCopy
    let inOffset: Int
    let outOffset: Int

    init(_ view: MovementView, _ context: PrepareContext) throws {
      let dtype = try context.output(view.output).dtype
      // The output's memory order, so that axes merge and writes run forward.
      let axes = view.axes.sorted { $0.to.magnitude > $1.to.magnitude }
      copy = try StridedCopy(
        shape: axes.map(\.size), inStrides: axes.map(\.from), outStrides: axes.map(\.to), dtype: dtype)
      (input, output) = (view.input, view.output)
      inOffset = view.inOffset * (dtype.bitWidth / 8)
      outOffset = view.outOffset * (dtype.bitWidth / 8)
    }
  }
}

/// A part of an input that becomes a part of an output; offsets and strides in elements.
package struct MovementView {
  /// nil: zeros.
  package var input: Int? = 0
  package var output = 0
  package var axes: [(size: Int, from: Int, to: Int)]
  package var inOffset = 0
  package var outOffset = 0
}
