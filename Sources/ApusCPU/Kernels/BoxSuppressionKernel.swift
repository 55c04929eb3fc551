public import ApusCore
public import ApusEngine
import CApusKernels

/// Places of the boxes that suppression leaves: ONNX's NonMaxSuppression and torchvision's `nms` and `batched_nms`.
public struct BoxSuppressionKernel: CPUKernel, SizingKernel {
  public struct Parameters: Codable, Sendable {
    public enum Form: String, Codable, Sendable {
      /// Boxes `[n, places, 4]`, scores `[n, classes, places]`, and limits as inputs; rows of picture, class and place.
      case onnx
      /// The same with middles and sizes.
      case onnxMiddles
      /// Boxes `[places, 4]`, scores `[places]`, maybe classes; places.
      case places
    }

    public var form: Form
    /// Overlap that must not be exceeded, where it is no input.
    public var overlap: Float

    public init(_ form: Form, overlap: Float = 0) {
      self.form = form
      self.overlap = overlap
    }
  }

  public static let kind = "cpu.box_suppression"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func outputShapes(_ inputs: [Tensor?]) throws -> [[Int]] {
    let count = try rows(inputs, threads: 1, pool: nil).count
    return parameters.form == .places ? [[count]] : [[count / 3, 3]]
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let inputs = context.inputs.indices.map { context.contents($0) }
    return PreparedKernel { [threads = context.threads] frame in
      let rows = try rows(inputs, threads: threads, pool: frame.pool)
      rows.withUnsafeBytes { bytes in
        guard let from = bytes.baseAddress else { return }
        frame.output(0)?.copyMemory(from: from, byteCount: bytes.count)
      }
    }
  }

  /// All elements of the result.
  private func rows(_ inputs: [Tensor?], threads: Int, pool: OpaquePointer?) throws -> [Int64] {
    guard inputs.count > 1, let boxes = inputs[0], let scores = inputs[1] else {
      throw ApusError(.internal, Problem(.internalError, "boxes and scores are not there"))
    }
    let isONNX = parameters.form != .places
    let rank = isONNX ? 3 : 1
    guard scores.rank == rank, boxes.shape.last == 4,
      isONNX
        ? boxes.rank == 3 && boxes.shape[0] == scores.shape[0] && boxes.shape[1] == scores.shape[2]
        : boxes.shape == [scores.elementCount, 4]
    else {
      throw ApusError(
        .invalidInput,
        Problem(.shapeMismatch, "boxes \(boxes.shape) and scores \(scores.shape) do not fit"))
    }
    func given(_ index: Int) -> Tensor? { index < inputs.count ? inputs[index] : nil }
    var native = apus_box_nms()
    native.places = scores.shape[rank - 1]
    native.classes = isONNX ? scores.shape[1] : 1
    native.groups = isONNX ? scores.shape[0] * scores.shape[1] : 1
    if isONNX {
      native.most = max(0, Int(given(2)?.integers().first ?? 0))
      native.coding = parameters.form == .onnxMiddles ? APUS_BOX_MIDDLES : APUS_BOX_ANY_CORNERS
      native.overlap = given(3)?.doubles().first ?? 0
      native.score_threshold = given(4)?.doubles().first.map { Float($0) } ?? -.infinity
    } else {
      native.most = native.places
      native.coding = APUS_BOX_CORNERS
      native.overlap = Double(parameters.overlap)
      native.score_threshold = -.infinity
    }
    if native.most == 0 || native.places == 0 || native.groups == 0 { return [] }
    return choose(&native, boxes, scores, isONNX ? nil : given(2)?.doubles(), threads, pool)
  }

  private func choose(
    _ native: inout apus_box_nms, _ boxes: Tensor, _ scores: Tensor, _ labels: [Double]?, _ threads: Int,
    _ pool: OpaquePointer?
  ) -> [Int64] {
    let width = min(native.most, native.places)
    var chosen = [Int32](repeating: 0, count: native.groups * width)
    var counts = [Int](repeating: 0, count: native.groups)
    let bytes = apus_box_nms_workspace_bytes(&native, Int32(pool == nil ? 1 : threads))
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { memory.deallocate() }
    let (corners, values): ([Float], [Float]) = (boxes.elements(), scores.elements())
    if let labels {
      apus_box_nms_run(&native, corners, values, labels, &chosen, &counts, memory, pool)
    } else {
      apus_box_nms_run(&native, corners, values, nil, &chosen, &counts, memory, pool)
    }
    if parameters.form == .places { return chosen.prefix(counts[0]).map(Int64.init) }
    return counts.enumerated().flatMap { group, count in
      chosen[group * width..<group * width + count].flatMap {
        [Int64(group / native.classes), Int64(group % native.classes), Int64($0)]
      }
    }
  }
}
