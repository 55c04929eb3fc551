import ApusCore
import ApusEngine

/// The profiles of a build, held against the inputs of the model and completed.
struct ShapeProfiles {
  /// Symbols that no profile gives a size are tuned for at this one.
  static let defaultSize = 1

  private(set) var profiles: [ShapeProfile]

  /// Refuses profiles that do not fit the inputs: all problems at once.
  init(_ profiles: [ShapeProfile], of graph: Graph) throws {
    self.profiles = profiles
    var problems: [Problem] = []
    for index in profiles.indices {
      var known: [String: [Int]] = [:]
      for (name, range) in profiles[index].inputs.sorted(by: { $0.key < $1.key }) {
        guard let input = graph.inputs.first(where: { graph[$0].name == name }) else {
          problems.append(Self.unknown(name, graph))
          continue
        }
        problems += Self.bind(range, to: graph[input], &known)
      }
      complete(index, known, graph)
    }
    if !problems.isEmpty { throw ApusError(.usage, problems) }
  }

  /// Inputs that are left out, but whose sizes follow from equal symbols, are held to them as well.
  private mutating func complete(_ index: Int, _ known: [String: [Int]], _ graph: Graph) {
    for id in graph.inputs where profiles[index].inputs[graph[id].name] == nil {
      guard let shape = graph[id].type.tensor?.shape, shape.contains(where: { $0.symbolName != nil }) else {
        continue
      }
      let sizes = (0..<3).map { bound in
        shape.compactMap { dim in dim.value ?? dim.symbolName.flatMap { known[$0]?[bound] } }
      }
      guard sizes.allSatisfy({ $0.count == shape.count }) else { continue }
      profiles[index].inputs[graph[id].name] = .init(min: sizes[0], opt: sizes[1], max: sizes[2])
    }
  }

  /// Checks one input's range, and notes what its symbols stand for: least, tuned and greatest size.
  private static func bind(
    _ range: ShapeProfile.Range, to input: Graph.Value, _ known: inout [String: [Int]]
  ) -> [Problem] {
    guard let shape = input.type.tensor?.shape else { return [] }
    let given = [range.min, range.opt, range.max].map { $0.map(String.init).joined(separator: "x") }
    func problem(_ message: String, _ fix: String) -> Problem {
      Problem(
        .inputShape, message, value: given.joined(separator: ":"), allowed: input.type.description, fix: fix)
    }
    guard [range.min, range.opt, range.max].allSatisfy({ $0.count == shape.count }) else {
      return [
        problem(
          "the profile gives input '\(input.name)' rank \(range.opt.count), it has \(shape.count)",
          "give one size for each axis")
      ]
    }
    var problems: [Problem] = []
    for (axis, dim) in shape.enumerated() {
      let sizes = [range.min[axis], range.opt[axis], range.max[axis]]
      if let value = dim.value, sizes != [value, value, value] {
        problems.append(
          problem("axis \(axis) of input '\(input.name)' is always \(value)", "give it that size throughout"))
      }
      guard let symbol = dim.symbolName else { continue }
      if let before = known[symbol], before != sizes {
        let text = before.map(String.init).joined(separator: ":")
        problems.append(
          problem(
            "axis \(axis) of input '\(input.name)' is '\(symbol)', which another axis gives \(text)",
            "equal symbols must have equal ranges"))
      }
      known[symbol] = sizes
    }
    return problems
  }

  private static func unknown(_ name: String, _ graph: Graph) -> Problem {
    Problem(
      .unknownInputName, "a profile names '\(name)', which is no input of the model", value: name,
      allowed: graph.inputs.map { graph[$0].name }.joined(separator: ", "),
      fix: "use one of the model's input names")
  }
}

extension Report {
  /// Shapes that an engine was built for.
  public struct Profile: Sendable, Codable {
    /// `MIN:OPT:MAX` by input; empty: every shape.
    public var inputs: [String: String]
    /// Sizes of symbols for which kernels were chosen.
    public var tunedAt: [String: Int]
    /// Symbols among these that nothing gave a size, and which stand at the default.
    public var byDefault: [String]
  }

  /// One for each profile; one alone where there are none but symbols.
  static func profiles(_ graph: Graph, _ options: BuildOptions) -> [Profile] {
    let symbols = Set(
      graph.inputs.flatMap { graph[$0].type.tensor?.shape ?? [] }.compactMap(\.symbolName))
    guard !symbols.isEmpty else { return [] }
    let profiles = options.profiles.isEmpty ? [ShapeProfile(inputs: [:])] : options.profiles
    return profiles.map { profile in
      let known = graph.symbolSizes(profile.inputs.mapValues(\.opt))
      let missing = symbols.filter { known[$0] == nil }.sorted()
      let tuned = missing.reduce(into: known) { $0[$1] = ShapeProfiles.defaultSize }
      let text = { (shape: [Int]) in shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: "x")
      }
      return Profile(
        inputs: profile.inputs.mapValues { [$0.min, $0.opt, $0.max].map(text).joined(separator: ":") },
        tunedAt: tuned, byDefault: missing)
    }
  }

  /// What the shapes of inputs do, in words.
  static func shapeVariation(_ profiles: [Profile]) -> String {
    guard !profiles.isEmpty else { return "static" }
    let texts = profiles.map { profile in
      let ranges = profile.inputs.sorted { $0.key < $1.key }.map { "\($0) \($1)" }
      let tuned = profile.tunedAt.sorted { $0.key < $1.key }.map { symbol, size in
        "\(symbol)=\(size)\(profile.byDefault.contains(symbol) ? " (no size was given)" : "")"
      }
      let shapes = ranges.isEmpty ? "any size" : ranges.joined(separator: ", ")
      return "\(shapes), tuned at \(tuned.joined(separator: ", "))"
    }
    return "dynamic: " + texts.joined(separator: "; ")
  }
}
