import CApusDrivers
import Synchronization

/// Stands in for cuDNN's backend: keeps what descriptors are given, and offers engines with the notes of a list.
enum RecordingBackend {
  struct Offer: Sendable {
    var numericalNotes: [Int32] = []
    var behaviourNotes: [Int32] = []
    var workspaceBytes: Int64 = 0
  }

  struct State: Sendable {
    var live = 0
    var calls = 0
    var failing = Int.max
    var next = 1
    var offers: [Offer] = []
    /// Type of each descriptor, its 64-bit attributes, and those that are other descriptors.
    var types: [UInt: Int32] = [:]
    var integers: [UInt: [Int32: [Int64]]] = [:]
    var links: [UInt: [Int32: [UInt]]] = [:]
    /// Offer behind a configuration, an engine or a plan.
    var offered: [UInt: Int] = [:]
    var executed = 0
  }

  static let state = Mutex(State())

  private static func step(_ body: (inout State) -> Void) -> Int32 {
    state.withLock { state in
      state.calls += 1
      if state.calls == state.failing { return 4000 }
      body(&state)
      return 0
    }
  }

  private static func key(_ pointer: UnsafeMutableRawPointer) -> UInt { UInt(bitPattern: pointer) }

  /// Written once, before anyone reads it.
  nonisolated(unsafe) static let table: UnsafePointer<apus_cudnn> = {
    let place = UnsafeMutablePointer<apus_cudnn>.allocate(capacity: 1)
    place.initialize(
      to: apus_cudnn(
        version: { 1 }, runtime_version: { 1 }, error_string: { _ in nil }, create: { _ in 0 },
        destroy: { _ in 0 }, set_stream: { _, _ in step { _ in } },
        descriptor_create: { type, place in
          step { state in
            place.pointee = UnsafeMutableRawPointer(bitPattern: UInt(state.next * 16))
            state.types[UInt(state.next * 16)] = type
            state.next += 1
            state.live += 1
          }
        },
        descriptor_destroy: { _ in
          state.withLock { $0.live -= 1 }
          return 0
        },
        descriptor_set: { descriptor, attribute, type, count, values in
          step { state in
            guard let values else { return }
            if type == 3 {
              state.integers[key(descriptor), default: [:]][attribute] = (0..<Int(count)).map {
                values.load(fromByteOffset: $0 * 8, as: Int64.self)
              }
            } else if type == 15 {
              let linked = (0..<Int(count)).map { values.load(fromByteOffset: $0 * 8, as: UInt.self) }
              state.links[key(descriptor), default: [:]][attribute] = linked
              if attribute == 401 { state.offered[key(descriptor)] = state.offered[linked[0]] }
            }
          }
        },
        descriptor_get: get, descriptor_finish: { _ in step { _ in } },
        execute: { _, _, _ in step { $0.executed += 1 } }))
    return UnsafePointer(place)
  }()

  private static let get:
    @convention(c) (
      UnsafeMutableRawPointer, Int32, Int32, Int64, UnsafeMutablePointer<Int64>, UnsafeMutableRawPointer?
    ) -> Int32 = { descriptor, attribute, _, wanted, found, values in
      step { state in
        let offer = state.offered[key(descriptor)].map { state.offers[$0] }
        switch attribute {
        case 202:
          for index in state.offers.indices {
            if let place = values?.load(fromByteOffset: index * 8, as: UInt.self) {
              state.offered[place] = index
            }
          }
          found.pointee = Int64(state.offers.count)
        case 300:
          if let engine = values?.load(as: UInt.self) {
            state.offered[engine] = state.offered[key(descriptor)]
          }
          found.pointee = 1
        case 1303, 1305:
          let notes = (attribute == 1303 ? offer?.numericalNotes : offer?.behaviourNotes) ?? []
          for (index, note) in notes.enumerated() {
            values?.storeBytes(of: note, toByteOffset: index * 4, as: Int32.self)
          }
          found.pointee = Int64(notes.count)
        case 402:
          values?.storeBytes(of: offer?.workspaceBytes ?? 0, as: Int64.self)
          found.pointee = 1
        case 405:
          let text = Array("plan \(state.offered[key(descriptor)] ?? -1)".utf8) + [0]
          if wanted > 0 { values?.copyMemory(from: text, byteCount: min(text.count, Int(wanted))) }
          found.pointee = Int64(text.count)
        default: found.pointee = 0
        }
      }
    }
}
