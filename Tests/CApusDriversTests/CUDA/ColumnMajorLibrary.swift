import CApusDrivers
import Synchronization

/// Stands in for cuBLASLt: products of column-major FP32 matrices by plain loops, as the attributes of cublasLt.h say.
enum ColumnMajorLibrary {
  /// A descriptor with the bytes of its attributes.
  private final class Descriptor {
    var values: [Int32: [UInt8]] = [:]
    var shape: (rows: Int, columns: Int, leading: Int) = (0, 0, 0)

    func number(_ attribute: Int32) -> Int {
      values[attribute]?.reversed().reduce(0) { $0 << 8 | Int($1) } ?? 0
    }
  }

  private static let state = Mutex((live: 0, calls: 0, failing: Int.max))
  /// Descriptors that were made and not destroyed.
  static var live: Int { state.withLock { $0.live } }

  /// Lets the call of a number fail, counted from now.
  static func fail(atCall number: Int) { state.withLock { ($0.calls, $0.failing) = (0, number) } }

  private static func step() -> Int32 {
    state.withLock { state in
      state.calls += 1
      return state.calls == state.failing ? 14 : 0
    }
  }

  private static func make(_ place: UnsafeMutablePointer<OpaquePointer?>, _ descriptor: Descriptor) -> Int32 {
    let status = step()
    guard status == 0 else { return status }
    state.withLock { $0.live += 1 }
    place.pointee = OpaquePointer(Unmanaged.passRetained(descriptor).toOpaque())
    return 0
  }

  private static func object(_ pointer: OpaquePointer) -> Descriptor {
    Unmanaged<Descriptor>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }

  private static func destroy(_ pointer: OpaquePointer) -> Int32 {
    state.withLock { $0.live -= 1 }
    Unmanaged<Descriptor>.fromOpaque(UnsafeRawPointer(pointer)).release()
    return 0
  }

  /// Keeps an attribute whose size is the library's; 7 (an invalid value) otherwise.
  private static func set(
    _ pointer: OpaquePointer, _ attribute: Int32, _ bytes: UnsafeRawPointer, _ count: Int,
    _ sizes: [Int32: Int]
  ) -> Int32 {
    let status = step()
    guard status == 0 else { return status }
    guard sizes[attribute] == count else { return 7 }
    object(pointer).values[attribute] = Array(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
  }

  /// Written once, before anyone reads it.
  nonisolated(unsafe) static let table: UnsafePointer<apus_cublaslt> = {
    let place = UnsafeMutablePointer<apus_cublaslt>.allocate(capacity: 1)
    place.initialize(
      to: apus_cublaslt(
        version: { 1 }, runtime_version: { 1 }, status_name: { _ in nil }, create: { make($0, Descriptor()) },
        destroy: { destroy($0) }, matmul_create: { place, _, _ in make(place, Descriptor()) },
        matmul_destroy: { destroy($0) },
        matmul_set: { set($0, $1, $2, $3, [3: 4, 4: 4, 7: 4, 8: 8]) },
        layout_create: { place, _, rows, columns, leading in
          let layout = Descriptor()
          layout.shape = (Int(rows), Int(columns), Int(leading))
          return make(place, layout)
        },
        layout_destroy: { destroy($0) }, layout_set: { set($0, $1, $2, $3, [5: 4, 6: 8]) },
        preference_create: { make($0, Descriptor()) }, preference_destroy: { destroy($0) },
        preference_set: { set($0, $1, $2, $3, [1: 8, 3: 4, 5: 4, 6: 4, 7: 4, 8: 4]) },
        heuristic: { _, _, _, _, _, _, preference, wanted, results, found in
          results[0].workspace_bytes = object(preference).number(1)
          results[0].algorithm.words.0 = UInt64(object(preference).number(3))
          found.pointee = min(wanted, 1)
          return step()
        }, check: { _, _, _, _, _, _, _, _ in step() }, multiply: multiply))
    return UnsafePointer(place)
  }()

  private static let multiply:
    @convention(c) (
      OpaquePointer, OpaquePointer, UnsafeRawPointer, UnsafeRawPointer?, OpaquePointer, UnsafeRawPointer?,
      OpaquePointer, UnsafeRawPointer, UnsafeRawPointer?, OpaquePointer, UnsafeMutableRawPointer?,
      OpaquePointer, UnsafePointer<apus_cublaslt_algorithm>, UnsafeMutableRawPointer?, Int, OpaquePointer?
    ) -> Int32 = { _, matmul, alpha, a, aLayout, b, bLayout, beta, c, cLayout, d, dLayout, _, _, _, _ in
      let (matmul, result) = (object(matmul), object(dLayout))
      guard let a = Matrix(a, object(aLayout), isTransposed: matmul.number(3) == 1),
        let b = Matrix(b, object(bLayout), isTransposed: matmul.number(4) == 1),
        let c = Matrix(c, object(cLayout), isTransposed: false),
        let d = d?.assumingMemoryBound(to: Float.self), a.columns == b.rows, a.rows == result.shape.rows,
        b.columns == result.shape.columns, result.shape.leading >= result.shape.rows
      else { return 7 }
      let bias = UnsafePointer<Float>(bitPattern: UInt(matmul.number(8)))
      let (alpha, beta) = (alpha.load(as: Float.self), beta.load(as: Float.self))
      for batch in 0..<max(result.number(5), 1) {
        for column in 0..<b.columns {
          for row in 0..<a.rows {
            var sum: Float = 0
            for inner in 0..<a.columns { sum += a[batch, row, inner] * b[batch, inner, column] }
            sum *= alpha
            if beta != 0 { sum += beta * c[batch, row, column] }
            if matmul.number(7) & 4 != 0 { sum += bias?[row] ?? .nan }
            if matmul.number(7) & 2 != 0 { sum = max(sum, 0) }
            d[batch * result.number(6) + column * result.shape.leading + row] = sum
          }
        }
      }
      return 0
    }

  /// A matrix as an operation sees it.
  private struct Matrix {
    let start: UnsafePointer<Float>
    let layout: Descriptor
    let isTransposed: Bool
    var rows: Int { isTransposed ? layout.shape.columns : layout.shape.rows }
    var columns: Int { isTransposed ? layout.shape.rows : layout.shape.columns }

    init?(_ start: UnsafeRawPointer?, _ layout: Descriptor, isTransposed: Bool) {
      guard let start, layout.shape.leading >= layout.shape.rows else { return nil }
      (self.start, self.layout) = (start.assumingMemoryBound(to: Float.self), layout)
      self.isTransposed = isTransposed
    }

    subscript(batch: Int, row: Int, column: Int) -> Float {
      let (i, j) = isTransposed ? (column, row) : (row, column)
      return start[batch * layout.number(6) + j * layout.shape.leading + i]
    }
  }
}
