import ApusCore

/// What is wrong with one tensor; whoever knows the tensor's place makes it a problem.
struct TensorFault: Error {
  var id: ProblemID
  var message: String
  var file: String?
  var value: String?
  var allowed: String?
  var fix: String?

  init(
    _ id: ProblemID, _ message: String, file: String? = nil, value: String? = nil,
    allowed: String? = nil, fix: String? = nil
  ) {
    self.id = id
    self.message = message
    self.file = file
    self.value = value
    self.allowed = allowed
    self.fix = fix
  }

  /// A malformed tensor.
  init(_ message: String, value: String? = nil, allowed: String? = nil, fix: String? = nil) {
    self.init(.invalidTensor, message, value: value, allowed: allowed, fix: fix)
  }

  func problem(tensor: String, node: String? = nil, operator: String? = nil, attribute: String? = nil)
    -> Problem
  {
    let place = tensor.isEmpty ? "" : "tensor '\(tensor)': "
    return Problem(
      id, place + message, file: file, node: node, operator: `operator`, attribute: attribute, value: value,
      allowed: allowed, fix: fix)
  }
}
