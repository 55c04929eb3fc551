import Apus

/// Shapes as the command line writes them: `1x3x224x224`, `scalar`.
enum ShapeArguments {
  static func shape(_ text: String) throws -> [Int] {
    if text == "scalar" { return [] }
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard !sizes.isEmpty, sizes.allSatisfy({ ($0 ?? -1) >= 0 }) else {
      throw ApusError(
        .usage,
        Problem(
          .usage, "not a shape", value: text, allowed: "sizes joined by 'x', as 1x3x224x224, or 'scalar'"))
    }
    return sizes.compactMap { $0 }
  }

  /// `NAME=VALUE` at the last `=`; names may hold any character.
  static func pair(_ text: String, flag: String) throws -> (name: String, value: String) {
    guard let place = text.lastIndex(of: "="), place != text.startIndex else {
      throw ApusError(.usage, Problem(.usage, "\(flag) takes NAME=VALUE", value: text))
    }
    return (String(text[..<place]), String(text[text.index(after: place)...]))
  }

  /// `--fix NAME=1x3x224x224,NAME2=…`, repeatable.
  static func fixed(_ arguments: [String]) throws -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for item in arguments.flatMap({ $0.split(separator: ",") }) {
      let (name, value) = try pair(String(item), flag: "--fix")
      shapes[name] = try shape(value)
    }
    return shapes
  }

  /// `--shapes NAME=MIN:OPT:MAX[,NAME2=…]`: a repeated option with other names extends the last profile; a name that
  /// is already there opens the next.
  static func profiles(_ arguments: [String]) throws -> [ShapeProfile] {
    var profiles: [ShapeProfile] = []
    for argument in arguments {
      for item in argument.split(separator: ",") {
        let (name, value) = try pair(String(item), flag: "--shapes")
        let parts = try value.split(separator: ":").map { try shape(String($0)) }
        guard parts.count == 1 || parts.count == 3, parts.allSatisfy({ $0.count == parts[0].count }) else {
          throw ApusError(
            .usage, Problem(.usage, "--shapes takes NAME=MIN:OPT:MAX of one rank", value: value))
        }
        let range = ShapeProfile.Range(
          min: parts[0], opt: parts[parts.count / 2], max: parts[parts.count - 1])
        guard zip(range.min, range.opt).allSatisfy(<=), zip(range.opt, range.max).allSatisfy(<=) else {
          throw ApusError(.usage, Problem(.usage, "--shapes needs MIN <= OPT <= MAX", value: value))
        }
        if profiles.isEmpty || profiles[profiles.count - 1].inputs[name] != nil {
          profiles.append(ShapeProfile(inputs: [:]))
        }
        profiles[profiles.count - 1].inputs[name] = range
      }
    }
    return profiles
  }
}
