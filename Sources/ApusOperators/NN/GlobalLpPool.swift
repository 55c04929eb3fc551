import Glibc

public import ApusCore

/// `(Σ |x|^p)^(1/p)` over all spatial axes, which become 1. ONNX GlobalLpPool 1, 2, 22.
public struct GlobalLpPool: GlobalPooling {
  public var p = 2.0

  public static var importers: [Importer] {
    [
      .onnx("GlobalLpPool", since: 2) { node in
        GlobalLpPool(p: Double(try node.int("p", in: Window.steps) ?? 2))
      },
      .onnx("GlobalLpPool", since: 1, until: 1) { node in GlobalLpPool(p: try node.float("p", default: 2)) },
    ]
  }

  public init() {}
  public init(p: Double) { self.p = p }

  public func reduce(_ plane: ArraySlice<Double>) -> Double {
    pow(plane.reduce(0.0) { $0 + pow(abs($1), p) }, 1 / p)
  }
}
