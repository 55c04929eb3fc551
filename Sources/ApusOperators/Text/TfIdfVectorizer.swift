public import ApusCore

/// Counts how often each n-gram of a pool occurs in every row, also with gaps, and weighs the counts; strings or
/// integers. ONNX TfIdfVectorizer 9.
public struct TfIdfVectorizer: Operator {
  public enum Mode: String, Hashable, Sendable, Codable { case tf = "TF", idf = "IDF", tfidf = "TFIDF" }

  public var mode = Mode.tf
  public var minGramLength = 1
  public var maxGramLength = 1
  /// Most elements left out between two of an n-gram.
  public var maxSkipCount = 0
  /// Where in the pool the n-grams of each length start.
  public var ngramCounts: [Int] = []
  /// Output column of each n-gram.
  public var ngramIndexes: [Int] = []
  public var poolIntegers: [Int] = []
  public var poolStrings: [String] = []
  /// One for each n-gram; empty: 1.
  public var weights: [Double] = []

  public static var importers: [Importer] {
    [.onnx("TfIdfVectorizer", since: 9) { node in try TfIdfVectorizer(node) }]
  }

  public init() {}

  private init(_ node: SourceNode) throws {
    let text = try node.require("mode", node.string("mode"))
    guard let mode = Mode(rawValue: text) else {
      throw OperatorError(
        .invalidAttribute, "unknown weighting", attribute: "mode", value: text, allowed: "TF, IDF, TFIDF")
    }
    self.mode = mode
    minGramLength = try node.require("min_gram_length", node.int("min_gram_length", in: 1...Int.max))
    maxGramLength = try node.require("max_gram_length", node.int("max_gram_length", in: 1...Int.max))
    maxSkipCount = try node.require("max_skip_count", node.int("max_skip_count", in: 0...Int.max))
    ngramCounts = try node.require("ngram_counts", node.ints("ngram_counts"))
    ngramIndexes = try node.require("ngram_indexes", node.ints("ngram_indexes"))
    poolIntegers = try node.ints("pool_int64s") ?? []
    poolStrings = try node.strings("pool_strings") ?? []
    weights = try node.floats("weights") ?? []
    guard ngramIndexes.allSatisfy({ $0 >= 0 && $0 < 1 << 30 }), minGramLength >= 1, maxSkipCount >= 0,
      maxGramLength >= minGramLength
    else { throw OperatorError(.invalidAttribute, "lengths or indexes of n-grams are out of range") }
  }

  private var columns: Int { (ngramIndexes.max() ?? -1) + 1 }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard x.dtype == .string || x.dtype == .i32 || x.dtype == .i64 else {
      throw OperatorError(.unsupportedType, "the input is \(x.dtype.rawValue)", allowed: "string, i32, i64")
    }
    guard let shape = x.shape else { return [.tensor(.f32, nil)] }
    return [.tensor(.f32, try rows(shape) + [.constant(columns)])]
  }

  private func rows<Size>(_ shape: [Size]) throws -> [Size] {
    guard shape.count <= 2 else { throw OperatorError(.shapeMismatch, "the input is no [C] or [N, C]") }
    return shape.count == 2 ? [shape[0]] : []
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let outer = try rows(x.shape)
    let (count, width) = (outer.first ?? 1, x.shape.last ?? 1)
    var frequencies: [Double] = []
    for row in 0..<count {
      let range = row * width..<(row + 1) * width
      frequencies +=
        x.dtype == .string
        ? self.count(Array(x.strings[range]), pool: poolStrings)
        : self.count(x.integers()[range].map { Int($0) }, pool: poolIntegers)
    }
    return [.tensor(Tensor(doubles: frequencies, .f32, outer + [columns]))]
  }

  /// The weighted counts of one row.
  private func count<Item: Hashable>(_ row: [Item], pool: [Item]) -> [Double] {
    let grams = grams(pool)
    var found = [Int](repeating: 0, count: ngramIndexes.count)
    for length in minGramLength...maxGramLength where length <= row.count {
      // A single element has no gaps to vary.
      for step in 1...(length == 1 ? 1 : maxSkipCount + 1) where (length - 1) * step < row.count {
        for start in 0..<row.count - (length - 1) * step {
          let gram = (0..<length).map { row[start + $0 * step] }
          if let id = grams[gram] { found[id] += 1 }
        }
      }
    }
    var columns = [Double](repeating: 0, count: columns)
    for (id, times) in found.enumerated() where times > 0 {
      let weight = id < weights.count ? weights[id] : 1
      switch mode {
      case .tf: columns[ngramIndexes[id]] += Double(times)
      case .idf: columns[ngramIndexes[id]] = weight
      case .tfidf: columns[ngramIndexes[id]] += weight * Double(times)
      }
    }
    return columns
  }

  /// Number of every n-gram of the pool.
  private func grams<Item: Hashable>(_ pool: [Item]) -> [[Item]: Int] {
    var grams: [[Item]: Int] = [:]
    var id = 0
    for (index, start) in ngramCounts.enumerated() {
      let end = index + 1 < ngramCounts.count ? ngramCounts[index + 1] : pool.count
      let length = index + 1
      var place = start
      while place >= 0, place + length <= min(end, pool.count), id < ngramIndexes.count {
        grams[Array(pool[place..<place + length])] = id
        id += 1
        place += length
      }
    }
    return grams
  }
}
