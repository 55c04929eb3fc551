import ApusCUDA

/// Fresh values between -1 and 1.
func random(_ count: Int, scale: Float = 1) -> [Float] {
  (0..<count).map { _ in Float.random(in: -1...1) * scale }
}

func convolutionCases(_ gpu: GPUProperties) -> [Case] {
  var cases: [Case] = []
  for math in [ConvolutionProblem.Math.f16, .bf16, .tf32, .f32x3, .f32] {
    let output: KernelElement = math == .f16 ? .f16 : math == .bf16 ? .bf16 : .f32
    var problems = [
      ConvolutionProblem(
        math: math, output: output, images: 2, input: [13, 11, 64], result: [7, 6, 72], kernel: [3, 3],
        strides: [2, 2],
        pads: [1, 1, 1, 1], activation: .relu, residual: .beforeActivation),
      ConvolutionProblem(
        math: math, output: output, images: 1, input: [14, 14, 128], result: [14, 14, 64], kernel: [3, 3],
        pads: [1, 1, 1, 1]),
      .product(math: math, output: output, rows: 133, columns: 200, reduction: 256),
    ]
    problems[2].residual = .afterActivation
    problems[2].activation = .relu
    for problem in problems {
      let operands = operands(of: problem, output)
      let expected = reference(problem, operands)
      let candidates = problem.candidates(on: gpu)
      // The best, and some of all the others.
      let chosen =
        candidates.prefix(5)
        + candidates.dropFirst(5).enumerated().filter { $0.offset % 9 == 0 }.map(\.element)
      for candidate in chosen {
        var operands = operands
        if candidate.splitsWeights {
          operands["weights"] = Operand(.f32, tf32Parts(operands["weights"]?.values ?? []))
        }
        var test = Case(
          label: "\(math) \(problem.rows)x\(problem.result[2])x\(problem.reduction) \(candidate.label)",
          spec: candidate.spec, operands: operands, output: "output", outputElement: output,
          expected: expected)
        if math == .tf32 { test.outputElement = .f32 }
        cases.append(test)
      }
    }
  }
  return cases
}

private func operands(of problem: ConvolutionProblem, _ output: KernelElement) -> [String: Operand] {
  let element: KernelElement = problem.math == .f16 ? .f16 : problem.math == .bf16 ? .bf16 : .f32
  let scale = 1.7 / Float(problem.reduction).squareRoot()
  // Ten bits of mantissa from the start, so that TF32 results can be compared closely.
  let round: (Float) -> Float = {
    problem.math == .tf32 ? Float(bitPattern: ($0.bitPattern &+ 0x1000) & ~0x1fff) : $0
  }
  return [
    "input": Operand(element, random(problem.images * problem.input.reduce(1, *)).map(round)),
    "weights": Operand(element, random(problem.result[2] * problem.reduction, scale: scale).map(round)),
    "bias": Operand(.f32, random(problem.result[2])),
    "residual": Operand(output, random(problem.rows * problem.result[2])),
  ]
}

private func reference(_ problem: ConvolutionProblem, _ operands: [String: Operand]) -> [Float] {
  let input = operands["input"]?.values ?? []
  let weights = operands["weights"]?.values ?? []
  let bias = operands["bias"]?.values ?? []
  let residual = operands["residual"]?.values ?? []
  let (height, width, channels) = (problem.input[0], problem.input[1], problem.input[2])
  let (outHeight, outWidth, outChannels) = (problem.result[0], problem.result[1], problem.result[2])
  var result: [Float] = []
  for row in 0..<problem.rows {
    let (image, y, x) = (row / (outHeight * outWidth), row / outWidth % outHeight, row % outWidth)
    for n in 0..<outChannels {
      var sum = Double(bias[n])
      for r in 0..<problem.kernel[0] {
        for s in 0..<problem.kernel[1] {
          let h = y * problem.strides[0] - problem.pads[0] + r
          let w = x * problem.strides[1] - problem.pads[1] + s
          guard h >= 0, h < height, w >= 0, w < width else { continue }
          let from = ((image * height + h) * width + w) * channels
          let weight = ((n * problem.kernel[0] + r) * problem.kernel[1] + s) * channels
          for c in 0..<channels { sum += Double(input[from + c]) * Double(weights[weight + c]) }
        }
      }
      let added = Double(residual[row * outChannels + n])
      if problem.residual == .beforeActivation { sum += added }
      if problem.activation == .relu { sum = max(sum, 0) }
      if problem.residual == .afterActivation { sum += added }
      result.append(Float(sum))
    }
  }
  return result
}

func otherCases(_ gpu: GPUProperties) -> [Case] {
  var cases: [Case] = []
  for element in [KernelElement.f16, .bf16, .f32] {
    let input = Operand(element, random(37 * 200))
    let softmax = SoftmaxKernel(element: element, rows: 37, columns: 200)
    var expected: [Float] = []
    for row in 0..<37 {
      let values = input.values[row * 200..<(row + 1) * 200].map { exponential(Double($0)) }
      let sum = values.reduce(0, +)
      expected += values.map { Float($0 / sum) }
    }
    cases.append(
      Case(
        label: "softmax \(element)", spec: softmax.spec(), operands: ["input": input], output: "output",
        outputElement: element, expected: expected))

    let picture = Operand(.f32, random(2 * 3 * 50))
    let transpose = TransposeKernel(
      input: .f32, output: element, batch: 2, rows: 3, columns: 50, outputStride: 8)
    var moved = [Float](repeating: 0, count: 2 * 50 * 8)
    for batch in 0..<2 {
      for row in 0..<3 {
        for column in 0..<50 {
          moved[(batch * 50 + column) * 8 + row] = element.rounded(
            picture.values[(batch * 3 + row) * 50 + column])
        }
      }
    }
    cases.append(
      Case(
        label: "transpose \(element)", spec: transpose.spec(), operands: ["input": picture], output: "output",
        outputElement: element, expected: moved))

    let pixels = Operand(element, random(2 * 49 * 24))
    let mean = GlobalPoolKernel(element: element, isMax: false, images: 2, pixels: 49, channels: 24)
    var means = [Float](repeating: 0, count: 48)
    for image in 0..<2 {
      for channel in 0..<24 {
        var sum = 0.0
        for pixel in 0..<49 { sum += Double(pixels.values[(image * 49 + pixel) * 24 + channel]) }
        means[image * 24 + channel] = Float(sum / 49)
      }
    }
    cases.append(
      Case(
        label: "global_pool \(element)", spec: mean.spec(), operands: ["input": pixels], output: "output",
        outputElement: element, expected: means))
  }
  return cases
}

/// e to the power of `x`, by the series: no math library is imported for one function.
private func exponential(_ x: Double) -> Double {
  var term = 1.0
  var sum = 1.0
  for n in 1..<30 {
    term *= x / Double(n)
    sum += term
  }
  return sum
}
