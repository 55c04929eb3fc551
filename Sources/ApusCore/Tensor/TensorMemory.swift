import Glibc

/// How much the machine can hold. Sizes that only the data tell are held against it before memory is asked for.
public enum TensorMemory {
  /// Bytes of memory of the machine, or of the control group that the process is in.
  public static let byteCount: Int = {
    let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    let whole = machine > 0 ? machine : Int.max
    guard let file = fopen("/sys/fs/cgroup/memory.max", "r") else { return whole }
    defer { fclose(file) }
    var limit = 0
    return withUnsafeMutablePointer(to: &limit) { pointer in
      withVaList([pointer]) { vfscanf(file, "%ld", $0) } == 1 && pointer.pointee > 0
        ? min(whole, pointer.pointee) : whole
    }
  }()

  /// Throws unless the sizes are possible and a tensor of them fits in memory. References compute in elements of 8
  /// bytes, whatever the type.
  public static func check(_ shape: [Int], bytesPerElement: Int = 8) throws(OperatorError) {
    let wanted = shape.elementCount.multipliedReportingOverflow(by: bytesPerElement)
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw OperatorError(
        .invalidValue, "the result would have shape \(shape)", fix: "check the sizes that the model computes")
    }
    guard !wanted.overflow, wanted.partialValue <= byteCount else {
      throw OperatorError(
        .outOfMemory, "a tensor of shape \(shape) does not fit in memory", value: "\(shape)",
        allowed: "\(byteCount / bytesPerElement) elements", fix: "check the sizes that the model computes")
    }
  }
}

extension Operator {
  /// `evaluate`, once the results are known to fit in memory as far as their sizes follow from the operands.
  public func evaluateInMemory(_ operands: Operands) throws -> [Value] {
    let context = InferenceContext(
      inputs: operands.values.map { $0?.type }, constants: operands.values.map { $0?.tensor },
      outputCount: operands.outputCount)
    // What inference refuses, the evaluation tells better.
    for type in (try? infer(context)) ?? [] {
      if let shape = type.tensor?.staticShape { try TensorMemory.check(shape) }
    }
    return try evaluate(operands)
  }
}
