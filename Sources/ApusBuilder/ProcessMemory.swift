import Glibc

/// Memory of this process.
enum ProcessMemory {
  /// Largest resident size so far, in bytes; 0 where the system does not tell.
  ///
  /// From `/proc`: what `getrusage` says starts with the size of the process that launched this one.
  static var peakBytes: Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        .split { $0 == " " || $0 == "\t" || $0 == "\n" }
      if words.count > 1, words[0] == "VmHWM:", let kilobytes = Int(words[1]) { return kilobytes << 10 }
    }
    return 0
  }
}
