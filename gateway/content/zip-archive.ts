/**
 * Streams files as a zip archive, one after the other and not compressed, so its size is known before the first byte. The same files make the
 * same archive. ZIP64 is used where a size or an offset needs it.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3 general format, 4.5.3 ZIP64)
 */

import { crc32 } from 'node:zlib'

export interface ZipFile {
  /** Parts joined by '/'. */
  path: string
  /** In bytes; `read` yields exactly so many. */
  size: number
  read(signal: AbortSignal): AsyncIterable<Uint8Array>
}

interface Placed {
  file: ZipFile
  name: Uint8Array
  /** Where its header begins, in bytes. */
  offset: number
  isLarge: boolean
}

const MAX_32 = 0xffff_ffff
const MAX_16 = 0xffff
/** Sizes follow the bytes (bit 3), names are UTF-8 (bit 11). */
const FLAGS = 0x0808
const VERSION = 20
const VERSION_ZIP64 = 45
/** 1 January 1980, the earliest date of the format: content has no date. */
const DOS_DATE = 0x0021

const LOCAL_HEADER = 30
const DESCRIPTOR = 16
const DESCRIPTOR_ZIP64 = 24
const CENTRAL_HEADER = 46
const CENTRAL_ZIP64 = 28
const END = 22
const END_ZIP64 = 56 + 20

/** In bytes. */
export function zipSize(files: readonly ZipFile[]): number {
  const { placed, directoryOffset } = place(files)
  const directory = placed.reduce((sum, each) => sum + CENTRAL_HEADER + each.name.byteLength + centralExtra(each), 0)
  return directoryOffset + directory + (needsZip64End(placed.length, directoryOffset, directory) ? END_ZIP64 : 0) + END
}

/** @throws when a file has another number of bytes than its size */
export async function* writeZip(files: readonly ZipFile[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { placed, directoryOffset } = place(files)
  const checksums: number[] = []
  for (const each of placed) {
    yield localHeader(each)
    let checksum = 0
    let size = 0
    for await (const bytes of each.file.read(signal)) {
      checksum = crc32(bytes, checksum)
      size += bytes.byteLength
      yield bytes
    }
    if (size !== each.file.size) throw new Error(`${each.file.path} has ${size} bytes instead of ${each.file.size}`)
    checksums.push(checksum)
    yield descriptor(each, checksum)
  }
  let directory = 0
  for (const [i, each] of placed.entries()) {
    const header = centralHeader(each, checksums[i] ?? 0)
    directory += header.byteLength
    yield header
  }
  yield end(placed.length, directoryOffset, directory)
}

function place(files: readonly ZipFile[]): { placed: Placed[]; directoryOffset: number } {
  let offset = 0
  const placed = files.map((file) => {
    const name = Buffer.from(file.path)
    const isLarge = file.size >= MAX_32
    const each = { file, name, offset, isLarge }
    offset += LOCAL_HEADER + name.byteLength + (isLarge ? 20 : 0) + file.size + (isLarge ? DESCRIPTOR_ZIP64 : DESCRIPTOR)
    return each
  })
  return { placed, directoryOffset: offset }
}

function localHeader({ name, isLarge }: Placed): Uint8Array {
  const header = Buffer.alloc(LOCAL_HEADER + name.byteLength + (isLarge ? 20 : 0))
  header.writeUInt32LE(0x0403_4b50, 0)
  header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 4)
  header.writeUInt16LE(FLAGS, 6)
  header.writeUInt16LE(DOS_DATE, 12)
  header.writeUInt16LE(name.byteLength, 26)
  header.set(name, LOCAL_HEADER)
  if (isLarge) {
    header.writeUInt32LE(MAX_32, 18)
    header.writeUInt32LE(MAX_32, 22)
    header.writeUInt16LE(20, 28)
    header.writeUInt16LE(1, LOCAL_HEADER + name.byteLength)
    header.writeUInt16LE(16, LOCAL_HEADER + name.byteLength + 2)
  }
  return header
}

function descriptor({ file, isLarge }: Placed, checksum: number): Uint8Array {
  const bytes = Buffer.alloc(isLarge ? DESCRIPTOR_ZIP64 : DESCRIPTOR)
  bytes.writeUInt32LE(0x0807_4b50, 0)
  bytes.writeUInt32LE(checksum, 4)
  if (isLarge) {
    bytes.writeBigUInt64LE(BigInt(file.size), 8)
    bytes.writeBigUInt64LE(BigInt(file.size), 16)
  } else {
    bytes.writeUInt32LE(file.size, 8)
    bytes.writeUInt32LE(file.size, 12)
  }
  return bytes
}

function isFar({ offset, isLarge }: Placed): boolean {
  return isLarge || offset >= MAX_32
}

function centralExtra(each: Placed): number {
  return isFar(each) ? CENTRAL_ZIP64 : 0
}

function centralHeader(each: Placed, checksum: number): Uint8Array {
  const { file, name, offset } = each
  const header = Buffer.alloc(CENTRAL_HEADER + name.byteLength + centralExtra(each))
  header.writeUInt32LE(0x0201_4b50, 0)
  header.writeUInt16LE(isFar(each) ? VERSION_ZIP64 : VERSION, 4)
  header.writeUInt16LE(isFar(each) ? VERSION_ZIP64 : VERSION, 6)
  header.writeUInt16LE(FLAGS, 8)
  header.writeUInt16LE(DOS_DATE, 14)
  header.writeUInt32LE(checksum, 16)
  header.writeUInt16LE(name.byteLength, 28)
  header.set(name, CENTRAL_HEADER)
  if (isFar(each)) {
    const at = CENTRAL_HEADER + name.byteLength
    header.writeUInt32LE(MAX_32, 20)
    header.writeUInt32LE(MAX_32, 24)
    header.writeUInt16LE(CENTRAL_ZIP64, 30)
    header.writeUInt32LE(MAX_32, 42)
    header.writeUInt16LE(1, at)
    header.writeUInt16LE(24, at + 2)
    header.writeBigUInt64LE(BigInt(file.size), at + 4)
    header.writeBigUInt64LE(BigInt(file.size), at + 12)
    header.writeBigUInt64LE(BigInt(offset), at + 20)
  } else {
    header.writeUInt32LE(file.size, 20)
    header.writeUInt32LE(file.size, 24)
    header.writeUInt32LE(offset, 42)
  }
  return header
}

function needsZip64End(count: number, offset: number, size: number): boolean {
  return count >= MAX_16 || offset >= MAX_32 || size >= MAX_32
}

function end(count: number, offset: number, size: number): Uint8Array {
  const isLarge = needsZip64End(count, offset, size)
  const bytes = Buffer.alloc((isLarge ? END_ZIP64 : 0) + END)
  if (isLarge) {
    bytes.writeUInt32LE(0x0606_4b50, 0)
    bytes.writeBigUInt64LE(44n, 4)
    bytes.writeUInt16LE(VERSION_ZIP64, 12)
    bytes.writeUInt16LE(VERSION_ZIP64, 14)
    bytes.writeBigUInt64LE(BigInt(count), 24)
    bytes.writeBigUInt64LE(BigInt(count), 32)
    bytes.writeBigUInt64LE(BigInt(size), 40)
    bytes.writeBigUInt64LE(BigInt(offset), 48)
    bytes.writeUInt32LE(0x0706_4b50, 56)
    bytes.writeBigUInt64LE(BigInt(offset + size), 64)
    bytes.writeUInt32LE(1, 72)
  }
  const at = isLarge ? END_ZIP64 : 0
  bytes.writeUInt32LE(0x0605_4b50, at)
  bytes.writeUInt16LE(isLarge ? MAX_16 : count, at + 8)
  bytes.writeUInt16LE(isLarge ? MAX_16 : count, at + 10)
  bytes.writeUInt32LE(isLarge ? MAX_32 : size, at + 12)
  bytes.writeUInt32LE(isLarge ? MAX_32 : offset, at + 16)
  return bytes
}
