import CApusDrivers
import Glibc
import Synchronization
import Testing

/// What cuDNN's backend is asked for, and what is taken of its offers.
@Suite(.serialized) struct CuDNNPlanTests {
  private let handle = OpaquePointer(bitPattern: 16)

  private var convolution: apus_cudnn_convolution {
    var convolution = apus_cudnn_convolution()
    convolution.type = Int32(APUS_CUDNN_HALF)
    convolution.input = (2, 8, 9, 7)
    convolution.weights = (12, 4, 3, 3)
    convolution.output = (2, 12, 5, 4)
    convolution.strides = (2, 2)
    convolution.dilations = (1, 1)
    convolution.pads_before = (1, 1)
    convolution.pads_after = (1, 1)
    (convolution.has_bias, convolution.has_residual) = (1, 1)
    convolution.activation = Int32(APUS_CUDNN_RELU)
    return convolution
  }

  private func start(_ offers: [RecordingBackend.Offer], failing: Int = .max) {
    RecordingBackend.state.withLock { state in
      let live = state.live
      state = RecordingBackend.State()
      (state.live, state.offers, state.failing) = (live, offers, failing)
    }
  }

  private func choose(refused: Int = 0, most: Int64 = 1000, wanted: Int32 = 3) throws -> (Int32, [String]) {
    var described = convolution
    var choices = [apus_cudnn_choice](repeating: apus_cudnn_choice(), count: 3)
    var found: Int32 = 0
    let status = apus_cudnn_choose(
      RecordingBackend.table, try #require(handle), &described, most, Int32(refused), wanted, &choices, &found
    )
    let texts = choices.prefix(Int(found)).map { choice in
      defer { free(choice.text) }
      return choice.text.map { String(cString: $0) } ?? "none"
    }
    return (status, texts)
  }

  @Test func offersThatAreRefusedOrTooLargeArePassedOver() throws {
    let offers: [RecordingBackend.Offer] = [
      .init(numericalNotes: [0]), .init(behaviourNotes: [0]), .init(workspaceBytes: 2000),
      .init(numericalNotes: [6]), .init(behaviourNotes: [3], workspaceBytes: 1000), .init(), .init(), .init(),
    ]
    start(offers)
    let refused = APUS_CUDNN_TENSOR_CORE | APUS_CUDNN_RUNTIME_COMPILATION | APUS_CUDNN_WINOGRAD
    #expect(try choose(refused: refused).1 == ["plan 4", "plan 5", "plan 6"])
    start(offers)
    #expect(try choose(wanted: 1).1 == ["plan 0"])
    start([])
    #expect(try choose().1 == [])
  }

  /// Shapes and strides, channels last, of the tensors by their numbers; the operations in order.
  @Test func theGraphIsTheConvolutionWithItsEpilogue() throws {
    start([.init()])
    #expect(try choose().0 == 0)
    RecordingBackend.state.withLock { state in
      var tensors: [Int64: [[Int64]]] = [:]
      for (key, type) in state.types where type == 17 {
        let given = state.integers[key] ?? [:]
        if let number = given[906]?.first { tensors[number] = [given[902] ?? [], given[903] ?? []] }
      }
      #expect(tensors[1] == [[2, 8, 9, 7], [504, 1, 56, 8]])
      #expect(tensors[2] == [[12, 4, 3, 3], [36, 1, 12, 4]])
      #expect(tensors[3] == [[1, 12, 1, 1], [12, 1, 12, 12]])
      #expect(tensors[4] == [[2, 12, 5, 4], [240, 1, 48, 12]])
      #expect(tensors[5] == tensors[4])
      #expect(tensors.count == 8)
      let graph = state.types.first { $0.value == 15 }?.key
      let operations = graph.flatMap { state.links[$0]?[801] } ?? []
      #expect(operations.compactMap { state.types[$0] } == [10, 13, 13, 13])
      // Each reads what the one before wrote, and the last writes the output.
      var value = operations.first.flatMap { state.links[$0]?[705] }
      for operation in operations.dropFirst() {
        #expect(state.links[operation]?[751] == value)
        value = state.links[operation]?[753]
      }
      #expect(value.flatMap { state.integers[$0[0]]?[906] } == [5])
    }
  }

  @Test func aCallThatFailsLeavesNothingBehind() throws {
    let before = RecordingBackend.state.withLock { $0.live }
    var failing = 1
    while failing < 1000 {
      start([.init(), .init()], failing: failing)
      let (status, texts) = try choose(refused: APUS_CUDNN_TENSOR_CORE)
      #expect(RecordingBackend.state.withLock { $0.live } == before)
      let calls = RecordingBackend.state.withLock { $0.calls }
      // Either the whole fails, or the offer that could not be read or compiled is passed over.
      if failing > calls {
        #expect(status == 0 && texts.count == 2)
        break
      }
      #expect(status != 0 || texts.count < 2)
      failing += 1
    }
    #expect(failing > 100 && failing < 1000)
  }

  @Test func aPlanRunsWithItsOperands() throws {
    start([])
    let handle = try #require(handle)
    var plan: UnsafeMutableRawPointer?
    var bytes: Int64 = 0
    #expect(apus_cudnn_plan_create(RecordingBackend.table, handle, "plan 0", &plan, &bytes) == 0)
    let made = try #require(plan)
    let before = RecordingBackend.state.withLock { $0.live }
    let addresses = [UnsafeMutableRawPointer(bitPattern: 256), UnsafeMutableRawPointer(bitPattern: 512)]
    let status = apus_cudnn_plan_run(
      RecordingBackend.table, handle, made, 2, [1, 5], addresses.compactMap { $0 }, nil, nil)
    #expect(status == 0)
    RecordingBackend.state.withLock { state in
      #expect(state.executed == 1 && state.live == before)
      let pack = state.types.first { $0.value == 16 }?.key
      #expect(pack.flatMap { state.integers[$0]?[1000] } == [1, 5])
    }
    _ = RecordingBackend.table.pointee.descriptor_destroy(made)
  }
}
