/** Reads a zip archive by its directory, as a program that opens one does; knows no compression, which ours has not. */

import { crc32 } from 'node:zlib'

/** The files by their paths. Throws where the archive contradicts itself. */
export function readZip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  const locator = end - 20
  if (locator >= 0 && archive.readUInt32LE(locator) === 0x0706_4b50) {
    const end64 = Number(archive.readBigUInt64LE(locator + 8))
    expectSignature(archive, end64, 0x0606_4b50)
    count = Number(archive.readBigUInt64LE(end64 + 32))
    at = Number(archive.readBigUInt64LE(end64 + 48))
  }
  const files = new Map<string, Buffer>()
  for (let i = 0; i < count; i++) {
    expectSignature(archive, at, 0x0201_4b50)
    const [checksum, size, nameBytes, extraBytes, offset] = [
      archive.readUInt32LE(at + 16),
      archive.readUInt32LE(at + 24),
      archive.readUInt16LE(at + 28),
      archive.readUInt16LE(at + 30),
      archive.readUInt32LE(at + 42),
    ]
    const path = archive.toString('utf8', at + 46, at + 46 + nameBytes)
    expectSignature(archive, offset, 0x0403_4b50)
    const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28)
    const bytes = archive.subarray(start, start + size)
    if (crc32(bytes) !== checksum) throw new Error(`${path} has another checksum`)
    if (files.has(path)) throw new Error(`${path} is there twice`)
    files.set(path, bytes)
    at += 46 + nameBytes + extraBytes
  }
  return files
}

function expectSignature(archive: Buffer, at: number, signature: number): void {
  if (archive.readUInt32LE(at) !== signature) throw new Error(`no ${signature.toString(16)} at ${at}`)
}
