import ApusCore
import CApusDrivers

/// Names a result of the CUDA driver and turns failures into errors.
package struct DriverTable: @unchecked Sendable {
  // The table is written once, before this value exists.
  let pointer: UnsafePointer<apus_cuda_driver>

  var functions: apus_cuda_driver { pointer.pointee }

  /// Throws when `code` is no success; `call` says what was attempted.
  func check(_ code: apus_cuda_result, _ call: @autoclosure () -> String) throws {
    if code == Int32(APUS_CUDA_SUCCESS) { return }
    throw failure(code, call())
  }

  func failure(_ code: apus_cuda_result, _ call: String) -> ApusError {
    var name: UnsafePointer<CChar>?
    var text: UnsafePointer<CChar>?
    _ = functions.error_name(code, &name)
    _ = functions.error_string(code, &text)
    let named = name.map { String(cString: $0) } ?? "error \(code)"
    let said = text.map { String(cString: $0) } ?? ""
    let id: ProblemID =
      code == Int32(APUS_CUDA_ERROR_OUT_OF_MEMORY) ? .outOfMemory : .driverFailure
    return ApusError(.resources, Problem(id, "\(call): \(named) (\(said))"))
  }
}
