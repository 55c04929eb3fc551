import ApusCore
import Testing

@testable import ApusVision

struct PreprocessTests {
  private func input(_ dtype: DType, _ shape: Shape) throws -> PictureInput {
    try #require(PictureInput(name: "images", type: TensorType(dtype, shape)))
  }

  @Test func parsesEveryStep() throws {
    let text = "resize=320x240:bilinear,letterbox,crop=300x200,bgr,scale=1/255,mean=0.5/0.25/1,std=2"
    let parsed = try Preprocess(parsing: text)
    #expect(parsed.resize == .exactly(.init(320, 240)))
    #expect(parsed.resampling == .bilinear && parsed.letterbox && parsed.bgr)
    #expect(parsed.crop == .init(300, 200))
    #expect(parsed.scale == 1.0 / 255 && parsed.mean == [0.5, 0.25, 1] && parsed.std == [2])
    #expect(try Preprocess(parsing: "imagenet") == .imagenet)
    #expect(try Preprocess(parsing: "unit,bgr").bgr)
    #expect(try Preprocess(parsing: "resize=256,crop=224").resize == .shorterSide(256))
  }

  @Test(arguments: [
    "", "resize", "resize=0x5", "resize=5x5:cubic", "crop=1x2x3", "scale=1/0", "scale=a", "mean=1/x", "std=0",
    "bgr=1",
    "bgr,unit", "unit,,bgr", "resize=99999999x3", "letterbox,resize=256", "nonsense=3",
  ])
  func refusesNonsense(_ text: String) {
    let error = #expect(throws: ApusError.self) { try Preprocess(parsing: text) }
    #expect(error?.exitCode == 64)
  }

  @Test(arguments: [DType.f32, .f16, .f64], [false, true])
  func normalisesInBothLayouts(_ dtype: DType, _ channelsLast: Bool) throws {
    let picture = Picture.sample(7, 5)
    var preprocess = Preprocess.imagenet
    preprocess.bgr = true
    let input = try input(dtype, channelsLast ? [1, 5, 7, 3] : [1, 3, 5, 7])
    let tensor = try preprocess.tensor([picture], for: input)
    #expect(tensor.shape == (channelsLast ? [1, 5, 7, 3] : [1, 3, 5, 7]))
    let values = tensor.doubles()
    for index in 0..<35 {
      for channel in 0..<3 {
        let pixel = Double(picture.pixels[index * 3 + 2 - channel]) / 255
        let expected = (pixel - preprocess.mean[channel]) / preprocess.std[channel]
        let actual = values[channelsLast ? index * 3 + channel : channel * 35 + index]
        #expect((actual - expected).magnitude < (dtype == .f16 ? 2e-3 : 1e-6))
      }
    }
  }

  @Test func bytesStayBytes() throws {
    let picture = Picture.sample(6, 4)
    let tensor = try Preprocess().tensor([picture], for: input(.u8, [4, 6, 3]))
    #expect(tensor.shape == [4, 6, 3])
    #expect(tensor.elements(as: UInt8.self) == picture.pixels)
  }

  @Test func greyModelsGetGrey() throws {
    let picture = Picture.sample(6, 4)
    let tensor = try Preprocess().tensor([picture], for: input(.f32, [.symbol("n"), 1, 4, 6]))
    for (index, level) in tensor.doubles().enumerated() {
      let pixel = picture[index % 6, index / 6]
      let expected = 0.299 * Double(pixel.red) + 0.587 * Double(pixel.green) + 0.114 * Double(pixel.blue)
      #expect((level - expected).magnitude <= 0.51)
    }
  }

  @Test func imagenetResizesTheShorterSideAndCrops() throws {
    let picture = Picture.sample(500, 375)
    let framed = Preprocess.imagenet.frame(picture, for: try input(.f32, [1, 3, 224, 224]))
    let expected = picture.resized(width: 341, height: 256, .bilinearAntialias)
    #expect(framed.picture == expected.centerCropped(width: 224, height: 224))
    let ready = Picture.sample(224, 224)
    #expect(Preprocess.imagenet.frame(ready, for: try input(.f32, [1, 3, 224, 224])).picture == ready)
  }

  @Test func letterboxKeepsProportionsAndMapsBack() throws {
    let preprocess = try Preprocess(parsing: "resize=64x64:bilinear,letterbox")
    let framed = preprocess.frame(Picture.sample(40, 20), for: try input(.f32, [1, 3, 64, 64]))
    #expect(framed.picture.width == 64 && framed.picture.height == 64)
    #expect(framed.picture[0, 15] == (114, 114, 114) && framed.picture[0, 48] == (114, 114, 114))
    #expect(framed.picture[0, 16] != (114, 114, 114))
    let corner = framed.mapping.original(x: 64, y: 48)
    #expect(corner.x == 40 && corner.y == 20)
  }

  @Test func cropBordersSmallPictures() {
    let cropped = Picture.sample(4, 3).centerCropped(width: 6, height: 2)
    #expect(cropped.width == 6 && cropped.height == 2)
    #expect(cropped[0, 0] == (0, 0, 0) && cropped[5, 1] == (0, 0, 0))
    #expect(cropped[1, 0] == Picture.sample(4, 3)[0, 0])
  }

  @Test func wrongSizesAreRefused() throws {
    let preprocess = try Preprocess(parsing: "resize=32x32")
    let input = try input(.f32, [1, 3, 64, 64])
    #expect(throws: ApusError.self) { try preprocess.tensor([.sample(9, 9)], for: input) }
  }

  @Test func inputsOfPictures() {
    #expect(PictureInput(name: "x", type: TensorType(.f32, [1, 3, 8, 8]))?.channelsLast == false)
    #expect(PictureInput(name: "x", type: TensorType(.f32, [1, 8, 8, 3]))?.channelsLast == true)
    let dynamic = TensorType(.f32, [.symbol("n"), 3, .symbol("h"), .symbol("w")])
    #expect(PictureInput(name: "x", type: dynamic)?.width == nil)
    #expect(PictureInput(name: "x", type: TensorType(.f32, [1, 7, 8, 8])) == nil)
    #expect(PictureInput(name: "x", type: TensorType(.i64, [1, 3, 8, 8])) == nil)
    #expect(PictureInput(name: "x", type: TensorType(.f32, [1, 1000])) == nil)
  }
}
