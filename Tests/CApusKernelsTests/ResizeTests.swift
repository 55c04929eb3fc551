import CApusKernels
import Testing

extension KernelTests {
  @Test func resizesMatchPlainLoops() {
    forEachLevel(cases: 10, seed: 30) { random, pool in
      let (inHeight, inWidth, outHeight, outWidth) = (
        random.int(1...6), random.int(1...6), random.int(1...9), random.int(1...9)
      )
      let nearest = random.bool()
      let taps = nearest ? 1 : random.int(1...4)
      let rows = (0..<outHeight * taps).map { _ in Int32(random.int(0...inHeight - 1)) }
      let columns = (0..<outWidth * taps).map { _ in Int32(random.int(0...inWidth - 1)) }
      let (rowWeights, columnWeights) = (random.floats(rows.count), random.floats(columns.count))
      let narrow = random.bool()
      let channels = random.int(1...40)
      let x = Buffer(random.floats(2 * inHeight * inWidth * channels), dtype(narrow))
      let y = Buffer([Float](repeating: .nan, count: 2 * outHeight * outWidth * channels), dtype(narrow))
      rows.withUnsafeBufferPointer { r in
        columns.withUnsafeBufferPointer { c in
          rowWeights.withUnsafeBufferPointer { rw in
            columnWeights.withUnsafeBufferPointer { cw in
              var resize = apus_resize(
                batch: 2, channels: channels, in_height: inHeight, in_width: inWidth, out_height: outHeight,
                out_width: outWidth,
                vertical: apus_resize_axis(
                  taps: taps, indices: r.baseAddress, weights: nearest ? nil : rw.baseAddress),
                horizontal: apus_resize_axis(
                  taps: taps, indices: c.baseAddress, weights: nearest ? nil : cw.baseAddress),
                in_type: dtype(narrow), out_type: dtype(narrow))
              apus_resize_nhwc(&resize, x.pointer, y.pointer, pool)
            }
          }
        }
      }
      let values = x.values
      let expected = (0..<y.count).map { i -> Double in
        let (ox, oy) = (i / channels % outWidth, i / channels / outWidth % outHeight)
        let image = i / channels / outWidth / outHeight
        var sum = 0.0
        for v in oy * taps..<(oy + 1) * taps {
          for h in ox * taps..<(ox + 1) * taps {
            let at = ((image * inHeight + Int(rows[v])) * inWidth + Int(columns[h])) * channels
            let weight = nearest ? 1 : Double(rowWeights[v]) * Double(columnWeights[h])
            sum += weight * Double(values[at + i % channels])
          }
        }
        return sum
      }
      #expect(difference(y.values, expected) < tolerance(dtype(narrow)))
    }
  }
}
