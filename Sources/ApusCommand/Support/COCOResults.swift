import Apus
import FoundationEssentials

/// Detections of many pictures in the form of COCO results.
struct COCOResults {
  private struct Annotations: Decodable {
    struct Image: Decodable {
      var id: Int
      var fileName: String
    }
    struct Category: Decodable { var id: Int }

    var images: [Image]
    var categories: [Category]
  }

  private struct Row: Encodable {
    var imageId: Int
    var categoryId: Int
    var bbox: [Double]
    var score: Double
    var fileName: String
  }

  private var images: [String: Int]?
  private var categories: [Int]?
  private var rows: [Row] = []

  /// With annotations their numbers are used; without, pictures count from 0 in order and categories are classes.
  init(annotations path: String?) throws {
    guard let path else { return }
    let storage = try FileBytes.read(path)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      let annotations = try decoder.decode(
        Annotations.self, from: Data(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)))
      images = Dictionary(annotations.images.map { ($0.fileName, $0.id) }) { first, _ in first }
      categories = annotations.categories.map(\.id).sorted()
    } catch {
      throw ApusError(
        .invalidInput, Problem(.badData, "these are no COCO annotations: \(error)", file: path))
    }
  }

  mutating func add(_ detections: [Detection], picture name: String, number: Int) throws {
    let file = name.split(separator: "/").last.map(String.init) ?? name
    if let images, images[file] == nil {
      throw ApusError(
        .invalidInput, Problem(.badData, "the annotations do not name the picture", file: name, value: file))
    }
    rows += detections.map { detection in
      let category = categories.flatMap {
        $0.indices.contains(detection.classIndex) ? $0[detection.classIndex] : nil
      }
      return Row(
        imageId: images?[file] ?? number, categoryId: category ?? detection.classIndex,
        bbox: [
          detection.left, detection.top, detection.right - detection.left, detection.bottom - detection.top,
        ], score: detection.score, fileName: file)
    }
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try AtomicFile.write(Array(try encoder.encode(rows)) + [10], to: path)
  }
}
