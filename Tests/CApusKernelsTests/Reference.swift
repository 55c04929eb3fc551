#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
func silu(_ x: Double) -> Double { x * sigmoid(x) }
func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }
func errorFunction(_ x: Double) -> Double { erf(x) }
func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
func sine(_ x: Double) -> Double { sin(x) }
func cosine(_ x: Double) -> Double { cos(x) }
func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
