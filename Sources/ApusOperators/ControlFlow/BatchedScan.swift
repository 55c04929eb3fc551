public import ApusCore

/// `Scan` for each entry of a batch along the first axis. Inputs: the lengths of the sequences (optional), initial
/// states, scanned tensors (axis 1 is scanned), captures. Outputs shorter than the longest are padded with zeros.
/// ONNX Scan 8.
public struct BatchedScan: Operator {
  public var body = Graph()
  public var scanCount = 0
  public var captureCount = 0
  /// 1: the sequence is scanned from its end.
  public var directions: [Int] = []

  public static var importers: [Importer] {
    [
      .onnx("Scan", since: 8, until: 8) { node in
        var op = BatchedScan()
        op.body = try node.require("body", node.graph("body"))
        op.scanCount = try node.require("num_scan_inputs", node.int("num_scan_inputs", in: 1...Int.max))
        op.captureCount = node.captures
        op.directions = try node.ints("directions", in: 0...1) ?? []
        return op
      }
    ]
  }

  public init() {}

  /// The scan of one entry.
  private var single: Scan {
    var scan = Scan()
    scan.body = body
    scan.scanCount = scanCount
    scan.captureCount = captureCount
    scan.inputDirections = directions
    return scan
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let count = context.inputs.count - 1
    _ = try single.stateCount(inputs: count)
    var batch: Dim?
    let entries = try (1...count).map { index -> ValueType? in
      guard index <= count - captureCount else { return context.inputs[index] }
      let type = try context.tensor(index)
      guard var shape = type.shape, !shape.isEmpty else { return .tensor(type) }
      batch = shape.removeFirst()
      return .tensor(type.dtype, shape)
    }
    let inner = InferenceContext(inputs: entries, outputCount: context.outputCount, symbols: context.symbols)
    let size = batch ?? context.fresh("batch")
    return try single.infer(inner).map { type in
      guard let tensor = type.tensor else { return type }
      return .tensor(tensor.dtype, tensor.shape.map { [size] + $0 })
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let given = operands.values.dropFirst().compactMap { $0 }
    let states = try single.stateCount(inputs: given.count)
    let batched = try given.prefix(states + scanCount).map { try $0.required() }
    guard let batch = batched.first?.shape.first, batched.allSatisfy({ $0.shape.first == batch }),
      let longest = batched[states].shape.dropFirst().first
    else { throw OperatorError(.shapeMismatch, "states and scanned inputs differ in their batch axis") }
    let lengths = operands.optionalSizes(0) ?? [Int](repeating: longest, count: batch)
    guard lengths.count == batch, lengths.allSatisfy({ $0 >= 0 && $0 <= longest }) else {
      throw OperatorError(.invalidValue, "there must be one length of 0...\(longest) for each batch")
    }
    var results = [[Tensor]](repeating: [], count: body.outputs.count)
    for entry in 0..<batch {
      let inputs = try batched.enumerated().map { place, tensor -> Value in
        let slice = try tensor.slice(at: entry, axis: 0)
        return .tensor(place < states ? slice : try Self.resized(slice, to: lengths[entry]))
      }
      let outputs = try single.evaluate(Operands(inputs + given.suffix(captureCount)))
      for (place, output) in outputs.enumerated() {
        let tensor = try output.required()
        results[place].append(place < states ? tensor : try Self.resized(tensor, to: longest))
      }
    }
    return try results.map { .tensor(try Tensor.stacked($0)) }
  }

  /// The tensor cut, or padded with zeros, along its first axis.
  private static func resized(_ tensor: Tensor, to size: Int) throws -> Tensor {
    var indices = tensor.shape.map { Array(0..<$0) }
    indices[0] = (0..<size).map { $0 < tensor.shape[0] ? $0 : ElementMap.fill }
    return try ElementMap(indices: indices, of: tensor.shape).apply(to: tensor)
  }
}
