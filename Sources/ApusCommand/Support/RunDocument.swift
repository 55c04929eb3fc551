import Apus
import Glibc

/// What `run` tells of one sample.
struct RunDocument: Encodable {
  struct Class: Encodable {
    var index: Int
    var label: String?
    var score: Double
  }

  struct OutputSummary: Encodable {
    var name: String
    var type: String
    var minimum: Double?
    var maximum: Double?
    var mean: Double?
    /// Best classes of an output that looks like class scores.
    var top: [Class]?
  }

  /// An object that a detector found, in pixels of the original picture.
  struct Found: Encodable {
    var classIndex: Int
    var label: String?
    var score: Double
    /// Left, top, right, bottom.
    var box: [Double]

    init(_ detection: Detection, _ labels: [String]?) {
      classIndex = detection.classIndex
      label = labels.flatMap { $0.indices.contains(detection.classIndex) ? $0[detection.classIndex] : nil }
      score = detection.score
      box = [detection.left, detection.top, detection.right, detection.bottom]
    }
  }

  var input: String
  var outputs: [OutputSummary]
  var detections: [Found]?

  init(input: String, results: [String: Value], order: [String], labels: [String]?, top: Int) {
    self.input = input
    outputs = order.compactMap { name in
      guard let value = results[name] else { return nil }
      guard let tensor = value.tensor else { return OutputSummary(name: name, type: value.type.description) }
      return OutputSummary(name: name, tensor: tensor, labels: labels, top: top)
    }
  }

  func show() {
    if !input.isEmpty { Output.line(input) }
    if let detections {
      for found in detections {
        let corners = found.box.map { Output.text($0, 1) }.joined(separator: ", ")
        Output.line(
          "  \(Output.text(100 * found.score, 1))%  \(found.label ?? "class \(found.classIndex)")  (\(corners))"
        )
      }
      return
    }
    for output in outputs {
      guard let classes = output.top else {
        let range =
          output.minimum.map { ", \($0) to \(output.maximum ?? $0), mean \(output.mean ?? $0)" } ?? ""
        Output.line("  \(output.name): \(output.type)\(range)")
        continue
      }
      for item in classes {
        let label = item.label ?? "class \(item.index)"
        Output.line("  \(Output.text(100 * item.score, 2))%  \(label)")
      }
    }
  }
}

extension RunDocument.OutputSummary {
  init(name: String, tensor: Tensor, labels: [String]?, top: Int) {
    self.init(name: name, type: tensor.type.description)
    guard tensor.dtype != .string, !tensor.dtype.isComplex, tensor.elementCount > 0 else { return }
    let numbers = tensor.doubles()
    minimum = numbers.min()
    maximum = numbers.max()
    mean = numbers.reduce(0, +) / Double(numbers.count)
    let isClasses =
      tensor.elementCount == tensor.shape.last && (labels.map { $0.count == numbers.count } ?? false)
    if isClasses || (labels != nil && tensor.rank == 2 && tensor.shape[0] == 1) {
      self.top = Self.best(numbers, labels ?? [], top)
    }
  }

  /// Probabilities: as they are when they are some, else by softmax.
  static func best(_ numbers: [Double], _ labels: [String], _ count: Int) -> [RunDocument.Class] {
    let sum = numbers.reduce(0, +)
    let areProbabilities = numbers.allSatisfy { $0 >= 0 && $0 <= 1 } && abs(sum - 1) < 1e-2
    let largest = numbers.max() ?? 0
    let powers = numbers.map { exp($0 - largest) }
    let total = powers.reduce(0, +)
    let scores = areProbabilities ? numbers : powers.map { $0 / total }
    return scores.indices.sorted { (scores[$0], -$0) > (scores[$1], -$1) }.prefix(max(0, count)).map {
      index in
      RunDocument.Class(index: index, label: index < labels.count ? labels[index] : nil, score: scores[index])
    }
  }
}
