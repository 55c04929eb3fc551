import ApusCUDA
import ApusCore

extension KernelInstance {
  /// The kernels of any type, each with a thread and with a block an item where it has both.
  static func general(_ element: KernelElement) -> [KernelInstance] {
    let dtype: DType =
      switch element {
      case .f16: .f16
      case .bf16: .bf16
      default: .f32
      }
    let others: [DType] = element == .f32 ? [.f64, .i64, .u8, .f8e4m3fn, .i4] : []
    return [dtype].flatMap { general($0, 1) + general($0, 64) } + others.flatMap { general($0, 1) }
  }

  private static let groups: [KernelSource.Define] = [
    .init("COUNT", 35), .init("KEPT", list: [13]), .init("KEPT_STRIDES", list: [35]),
    .init("REDUCED", list: [5, 7]), .init("REDUCED_STRIDES", list: [7, 1]),
  ]
  private static let lines: [KernelSource.Define] = [.init("SIZE", 35), .init("INNER", 3)]

  private static func general(_ dtype: DType, _ lanes: Int) -> [KernelInstance] {
    let isWhole = dtype.isInteger
    let isNarrow = dtype.bitWidth < 8 || dtype.isMiniFloat
    let sums = KernelSource.Define("SUMS", isWhole ? "long long" : "double")
    var kernels = [
      GeneralKernel(
        "cast.cu", items: 13, types: ["IN": .f64, "OUT": dtype],
        defines: [.init("COUNT", 26), .init("SATURATE", true), .init("ROUND", 0)],
        operands: ["input", "output"])
    ]
    if !isNarrow {
      kernels += [0, 2, 6, 8].map { kind in
        GeneralKernel(
          "reduce.cu", items: 13, lanes: lanes, types: ["IN": dtype, "OUT": dtype],
          defines: groups + [sums, .init("KIND", kind), .init("START", 0)], operands: ["input", "output"])
      }
    }
    kernels.append(
      GeneralKernel(
        "arg_reduce.cu", items: 13, lanes: lanes, types: ["IN": dtype],
        defines: lines + [.init("SMALLEST", false), .init("LAST", true)], operands: ["input", "output"]))
    if !isWhole && !isNarrow { kernels += floating(dtype, lanes) }
    return kernels.map {
      KernelInstance(label: "\($0.file) of \(dtype.rawValue), \(lanes) lanes", spec: $0.spec())
    }
  }

  private static func floating(_ dtype: DType, _ lanes: Int) -> [GeneralKernel] {
    let places: [KernelSource.Define] = ["KEPT_PARAMETERS", "KEPT_SHIFTS"].map { .init($0, list: [0]) }
    let along: [KernelSource.Define] = ["REDUCED_PARAMETERS", "REDUCED_SHIFTS"].map {
      .init($0, list: [7, 1])
    }
    return (0..<5).map { kind in
      GeneralKernel(
        "line_map.cu", items: 13, lanes: lanes, types: ["IN": dtype, "OUT": dtype],
        defines: lines + [.init("KIND", kind), .init("SUMS", dtype == .f64 ? "double" : "float")],
        operands: ["input", "output"])
    } + [
      GeneralKernel(
        "normalize.cu", items: 13, lanes: lanes,
        types: ["IN": dtype, "PARAMETER": .f32, "OUT": dtype, "STATISTIC": .f32],
        defines: groups + places + along + [
          .init("SUMS", dtype == .f64 ? "double" : "float"), .init("EPSILON", 1e-5), .init("RMS", false),
          .init("DEVIATION", false), .init("SCALE", true), .init("BIAS", true), .init("SECOND", 1),
          .init("MOMENTUM", 0.9),
        ],
        operands: [
          "input", "scale", "bias", "output", "mean", "second", "oldMean", "oldVariance", "runningMean",
          "runningVariance",
        ])
    ]
  }
}
