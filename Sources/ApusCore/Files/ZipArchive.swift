internal import CApusSystem

/// A zip file in memory: stored and deflated members, zip64. Encrypted and split archives are refused.
///
/// Source: PKWARE APPNOTE 6.3.
public struct ZipArchive: Sendable {
  public struct Member: Sendable {
    public let name: String
    public let byteCount: Int
    let storedCount: Int
    let method: UInt16
    let checksum: UInt32
    let headerOffset: Int
  }

  public let file: String
  /// In the order of the archive's directory.
  public let members: [Member]
  let storage: TensorStorage

  public init(contentsOf path: String) throws { try self.init(FileBytes.read(path), file: path) }

  /// `file` names the archive in messages.
  public init(_ storage: TensorStorage, file: String) throws {
    self.storage = storage
    self.file = file
    members = try ZipDirectory(ByteReader(storage, file: file)).members()
  }

  /// The member of that name; the last one where there are several.
  public func member(named name: String) -> Member? { members.last { $0.name == name } }

  /// The contents: a view into the archive when stored, fresh memory when deflated. Checked against the CRC.
  public func contents(of member: Member) throws -> TensorStorage {
    let reader = ByteReader(storage, file: file)
    let header = try reader.slice(member.headerOffset, 30)
    guard header.u32(0) == ZipFormat.localHeader else {
      throw reader.damaged("member '\(member.name)' has no header")
    }
    let start = member.headerOffset + 30 + Int(header.u16(26)) + Int(header.u16(28))
    let stored = try reader.slice(start, member.storedCount).bytes
    let contents = try unpack(member, stored, reader)
    let checksum = apus_crc32(0, contents.base, contents.byteCount)
    guard checksum == member.checksum else {
      throw reader.damaged("member '\(member.name)' fails its checksum")
    }
    return contents
  }

  private func unpack(_ member: Member, _ stored: UnsafeRawBufferPointer, _ reader: ByteReader) throws
    -> TensorStorage
  {
    switch member.method {
    case ZipFormat.stored:
      guard member.byteCount == member.storedCount else {
        throw reader.damaged("member '\(member.name)' has two sizes")
      }
      return TensorStorage(viewing: stored, owner: storage)
    case ZipFormat.deflated:
      // Deflate cannot pack tighter than 1032:1, so a larger size is a lie that would cost memory.
      guard member.byteCount / 1032 <= member.storedCount else {
        throw reader.damaged("member '\(member.name)' claims an impossible size")
      }
      return try TensorStorage(byteCount: member.byteCount) { target in
        let status = apus_inflate_raw(stored.baseAddress, stored.count, target.baseAddress, target.count)
        guard status == 0 else { throw reader.damaged("member '\(member.name)' does not inflate") }
      }
    default:
      throw reader.damaged("member '\(member.name)' uses compression method \(member.method)")
    }
  }
}

enum ZipFormat {
  static let localHeader: UInt32 = 0x0403_4b50
  static let directoryEntry: UInt32 = 0x0201_4b50
  static let directoryEnd: UInt32 = 0x0605_4b50
  static let directoryEnd64: UInt32 = 0x0606_4b50
  static let directoryLocator64: UInt32 = 0x0706_4b50
  static let stored: UInt16 = 0
  static let deflated: UInt16 = 8
  static let extra64: UInt16 = 1
}
