/** Reads a zip archive: by its directory, as a program that opens one does, or front to back, as one does that reads a stream. */

import { crc32, inflateRawSync } from 'node:zlib'

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
    const [method, checksum, packed, nameBytes, extraBytes, offset] = [
      archive.readUInt16LE(at + 10),
      archive.readUInt32LE(at + 16),
      archive.readUInt32LE(at + 20),
      archive.readUInt16LE(at + 28),
      archive.readUInt16LE(at + 30),
      archive.readUInt32LE(at + 42),
    ]
    const path = archive.toString('utf8', at + 46, at + 46 + nameBytes)
    expectSignature(archive, offset, 0x0403_4b50)
    const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28)
    const bytes = unpack(method, archive.subarray(start, start + packed))
    if (bytes.byteLength !== archive.readUInt32LE(at + 24)) throw new Error(`${path} has another size`)
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

/** As `readZip`, by the local headers alone, with what Java's ZipInputStream demands of them. Files of less than 4 GiB. */
export function readZipStream(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  let at = 0
  while (archive.readUInt32LE(at) === 0x0403_4b50) {
    const [flags, method] = [archive.readUInt16LE(at + 6), archive.readUInt16LE(at + 8)]
    const path = archive.toString('utf8', at + 30, at + 30 + archive.readUInt16LE(at + 26))
    const start = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28)
    let facts = at + 14
    let end = start + archive.readUInt32LE(at + 18)
    if ((flags & 8) !== 0) {
      if (method !== 8) throw new Error(`${path}: only deflated files can have their sizes behind them`)
      end = start + deflatedSize(archive.subarray(start))
      expectSignature(archive, end, 0x0807_4b50)
      facts = end + 4
    }
    const bytes = unpack(method, archive.subarray(start, end))
    const [checksum, packed, size] = [archive.readUInt32LE(facts), archive.readUInt32LE(facts + 4), archive.readUInt32LE(facts + 8)]
    if (crc32(bytes) !== checksum || packed !== end - start || size !== bytes.byteLength) throw new Error(`${path} is not as it says`)
    files.set(path, bytes)
    at = (flags & 8) === 0 ? end : end + 16
  }
  return files
}

/** The size of deflated bytes that other bytes follow. */
function deflatedSize(bytes: Buffer): number {
  const { engine } = inflateRawSync(bytes, { info: true }) as unknown as { engine: { bytesWritten: number } }
  return engine.bytesWritten
}

function unpack(method: number, bytes: Buffer): Buffer {
  return method === 8 ? inflateRawSync(bytes) : bytes
}
