import Testing

@testable import ApusVision

struct ResizeTests {
  static let sizes = [(64, 48, 20, 31), (17, 9, 40, 9), (33, 21, 33, 50), (5, 7, 1, 1), (1, 1, 4, 3)]

  /// Triangle filter in double precision over both axes at once, from its definition.
  private func filtered(_ picture: Picture, _ width: Int, _ height: Int, antialias: Bool) -> [Double] {
    func weights(_ size: Int, _ newSize: Int, _ index: Int) -> [Double] {
      let scale = Double(size) / Double(newSize)
      let reach = antialias ? max(scale, 1) : 1
      let centre = (Double(index) + 0.5) * scale
      guard antialias else {
        // The edge is repeated rather than cut.
        let position = min(max(centre - 0.5, 0), Double(size - 1))
        return (0..<size).map { max(0, 1 - (Double($0) - position).magnitude) }
      }
      let raw = (0..<size).map { max(0, 1 - ((Double($0) + 0.5 - centre) / reach).magnitude) }
      let total = raw.reduce(0, +)
      return raw.map { $0 / total }
    }
    var result: [Double] = []
    for y in 0..<height {
      let rows = weights(picture.height, height, y)
      for x in 0..<width {
        let columns = weights(picture.width, width, x)
        for channel in 0..<3 {
          var sum = 0.0
          for (row, rowWeight) in rows.enumerated() where rowWeight != 0 {
            for (column, weight) in columns.enumerated() where weight != 0 {
              let pixel = picture.pixels[(row * picture.width + column) * 3 + channel]
              sum += rowWeight * weight * Double(pixel)
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  @Test(arguments: sizes, [Resampling.bilinear, .bilinearAntialias])
  func matchesTheDefinition(_ size: (Int, Int, Int, Int), _ resampling: Resampling) {
    let picture = Picture.sample(size.0, size.1, noise: 100)
    let resized = picture.resized(width: size.2, height: size.3, resampling)
    let exact = filtered(picture, size.2, size.3, antialias: resampling == .bilinearAntialias)
    let worst = zip(resized.pixels, exact).map { (Double($0) - $1).magnitude }.max() ?? 0
    #expect(worst <= 1.01)
  }

  @Test(arguments: sizes)
  func nearestTakesThePixelUnderTheCentre(_ size: (Int, Int, Int, Int)) {
    let picture = Picture.sample(size.0, size.1)
    let resized = picture.resized(width: size.2, height: size.3, .nearest)
    for y in 0..<size.3 {
      for x in 0..<size.2 {
        let from = picture[(2 * x + 1) * size.0 / (2 * size.2), (2 * y + 1) * size.1 / (2 * size.3)]
        #expect(resized[x, y] == from)
      }
    }
  }

  @Test(arguments: Resampling.allCases)
  func sameSizeIsUntouched(_ resampling: Resampling) {
    let picture = Picture.sample(13, 7)
    #expect(picture.resized(width: 13, height: 7, resampling) == picture)
  }

  @Test(arguments: Resampling.allCases)
  func flatPicturesStayFlat(_ resampling: Resampling) {
    let grey = Picture(width: 31, height: 19, pixels: [UInt8](repeating: 201, count: 31 * 19 * 3))
    #expect(grey.resized(width: 8, height: 77, resampling).pixels.allSatisfy { $0 == 201 })
  }
}
