import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let textOperators: [any Operator.Type] = [
  RegexFullMatch.self,
  StringConcat.self,
  StringNormalizer.self,
  StringSplit.self,
  TfIdfVectorizer.self,
]
