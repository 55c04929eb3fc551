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
    if !isWhole && !isNarrow { kernels += floating(dtype, lanes) + attention(dtype) }
    if lanes == 1 { kernels += moving(dtype) }
    if !isNarrow { kernels += combining(dtype, lanes) }
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

  private static let places: [KernelSource.Define] = [
    .init("EXTENTS", list: [3, 4]), .init("STRIDES", list: [0, 1]), .init("AXIS", 7), .init("ALONG", 4),
  ]
  private static let tuples: [KernelSource.Define] = [
    .init("TUPLE", 2), .init("SIZES", list: [3, 4]), .init("STRIDES", list: [20, 5]), .init("INNER", 5),
  ]

  /// Kernels that move elements as they are.
  private static func moving(_ dtype: DType) -> [GeneralKernel] {
    guard dtype.bitWidth >= 8 else { return [] }
    let size = KernelSource.Define("SIZE", dtype.bitWidth / 8)
    var kernels = [
      GeneralKernel(
        "trilu.cu", items: 24, defines: [size, .init("ROWS", 3), .init("COLUMNS", 4), .init("UPPER", true)],
        operands: ["input", "shift", "output"]),
      GeneralKernel(
        "reverse_sequence.cu", items: 24,
        defines: [
          size, .init("BATCH", 2), .init("BATCH_STRIDE", 12), .init("TIME", 3), .init("TIME_STRIDE", 4),
        ], operands: ["input", "lengths", "output"]),
      GeneralKernel(
        "one_hot.cu", items: 24, types: ["INDEX": dtype],
        defines: [size, .init("DEPTH", 4), .init("INNER", 3)], operands: ["indices", "values", "output"]),
      GeneralKernel(
        "gather_elements.cu", items: 12, types: ["INDEX": .i64], defines: places + [size],
        operands: ["input", "indices", "output"]),
      GeneralKernel(
        "gather_nd.cu", items: 30, types: ["INDEX": .i32],
        defines: tuples + [size, .init("BATCH_TUPLES", 6), .init("BATCH_STRIDE", 60)],
        operands: ["input", "indices", "output"]),
      GeneralKernel(
        "tensor_scatter.cu", items: 24,
        defines: [
          size, .init("COUNT", 2), .init("AXIS", 5), .init("INNER", 3), .init("OUTER", 2),
          .init("CIRCULAR", true),
        ], operands: ["update", "writes", "output"]),
    ]
    if !dtype.isMiniFloat {
      kernels.append(
        GeneralKernel(
          "eye_like.cu", items: 12, types: ["OUT": dtype],
          defines: [.init("COLUMNS", 4), .init("SHIFT", "-1ll")], operands: ["output"]))
    }
    return kernels
  }

  /// Kernels that combine elements of any whole or floating type.
  private static func combining(_ dtype: DType, _ lanes: Int) -> [GeneralKernel] {
    guard lanes == 1 else { return [] }
    let types = ["DATA": dtype, "INDEX": DType.i64]
    return [0, 1, 3].flatMap { reduction -> [GeneralKernel] in
      let code = KernelSource.Define("REDUCTION", reduction)
      return [
        GeneralKernel(
          "scatter_elements.cu", items: 4, types: types,
          defines: places + [code, .init("SIZE", 3), .init("INNER", 2)],
          operands: ["indices", "updates", "output"]),
        GeneralKernel(
          "scatter_nd.cu", items: 5, types: types, defines: tuples + [code, .init("TUPLES", 6)],
          operands: ["indices", "updates", "output"]),
      ]
    } + [
      GeneralKernel(
        "cumulate.cu", items: 13, types: ["IN": dtype],
        defines: lines + [
          .init("SUMS", dtype.isFloat ? "double" : "long long"), .init("PRODUCT", true),
          .init("EXCLUSIVE", false), .init("REVERSE", true),
        ], operands: ["input", "output"])
    ]
  }

  private static func attention(_ dtype: DType) -> [GeneralKernel] {
    let sums = KernelSource.Define("SUMS", dtype == .f64 ? "double" : "float")
    let strides: [KernelSource.Define] = ["Q", "K", "V", "OUT"].map {
      .init("\($0)_STRIDES", list: [96, 24, 8])
    }
    return [
      GeneralKernel(
        "class_loss.cu", items: 1, lanes: 64,
        types: ["SCORE": .f32, "WEIGHT": dtype, "LABEL": .i64, "OUT": dtype],
        defines: [
          .init("CLASSES", 5), .init("INNER", 2), .init("COUNT", 6), .init("REDUCTION", 1),
          .init("IGNORES", true), .init("IGNORED", "-1ll"),
        ], operands: ["scores", "labels", "weights", "output"]),
      GeneralKernel(
        "attention_rows.cu", items: 24, lanes: 64, types: ["IN": dtype, "OUT": dtype, "MASKS": .f32],
        defines: strides + [
          sums, .init("HEADS", 4), .init("SHARE", 2), .init("ROWS", 3), .init("KEYS", "7ll"),
          .init("HEAD_SIZE", 8), .init("VALUE_SIZE", 6), .init("SCALE", 0.3), .init("SOFTCAP", 2.0),
          .init("CAUSAL", true), .init("PAST", 2), .init("MASK", 1), .init("MASK_KEYS", 5),
          .init("MASK_STRIDES", list: [0, 0, 5, 1]), .init("SHOWN", 2),
        ], operands: ["query", "key", "value", "mask", "used", "scores", "shown", "output"]),
      GeneralKernel(
        "rotary.cu", items: 240, types: ["IN": dtype, "TABLE": .f32],
        defines: [
          .init("HEADS", 2), .init("LENGTH", 5), .init("HEAD_SIZE", 8), .init("ROTATED", 4),
          .init("INTERLEAVED", true), .init("HEADS_FIRST", false), .init("TABLE_ROWS", 9), .init("IDS", 2),
        ], operands: ["input", "cosines", "sines", "ids", "output"]),
      GeneralKernel(
        "linear_attention.cu", items: 12, types: ["IN": dtype, "STATE": .f32, "PARAMETER": dtype],
        defines: [
          sums, .init("KEY_HEADS", 2), .init("SHARE", 2), .init("LENGTH", 5), .init("HEAD_SIZE", 3),
          .init("VALUE_SIZE", 4), .init("SCALE", 0.5), .init("DECAYS", true), .init("CORRECTS", true),
          .init("DECAY_WIDTH", 6), .init("BETA_WIDTH", 1),
        ],
        operands: ["query", "key", "value", "past", "decay", "beta", "state", "output", "present"]),
      GeneralKernel(
        "causal_conv.cu", items: 66, types: ["IN": dtype],
        defines: [
          sums, .init("CHANNELS", 3), .init("LENGTH", 9), .init("TAPS", 3), .init("BIAS", true),
          .init("SILU", true),
        ], operands: ["input", "weights", "bias", "past", "output", "present"]),
    ]
  }
}
