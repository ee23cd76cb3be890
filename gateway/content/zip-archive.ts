/**
 * Streams files as a zip archive, one after the other and not compressed, so its size is known before the first byte. The same files make the
 * same archive. ZIP64 is used where a size or an offset needs it.
 *
 * Programs read it front to back, too (Java's ZipInputStream, `busybox unzip -`). A small file is read before its header is written, which then
 * has its checksum. A larger one cannot be read twice, so its checksum follows its bytes. Readers of streams accept that of deflated files only,
 * whose end they see: a larger file is made of deflate's blocks of uncompressed bytes. (busybox accepts it of no file.)
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3 general format, 4.5.3 ZIP64)
 * @see https://www.rfc-editor.org/rfc/rfc1951 (3.2.4 non-compressed blocks)
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
  /** Read before its header is written; else deflated, with its checksum behind it. */
  isSmall: boolean
  /** Size in the archive, in bytes. */
  packedSize: number
  isLarge: boolean
}

/** The largest file that is read before its header is written, in bytes: the memory that an archive takes besides what is fetched ahead. */
export const MAX_SMALL_BYTES = 8 * 1_048_576

const MAX_32 = 0xffff_ffff
const MAX_16 = 0xffff
/** Names are UTF-8 (bit 11). */
const FLAGS = 0x0800
/** Checksum and sizes follow the bytes (bit 3). */
const FLAGS_STREAMED = FLAGS | 0x0008
const METHOD_STORED = 0
const METHOD_DEFLATED = 8
const VERSION = 20
const VERSION_ZIP64 = 45
/** 1 January 1980, the earliest date of the format: content has no date. */
const DOS_DATE = 0x0021

/** A block of uncompressed bytes, and what is before it. */
const MAX_BLOCK_BYTES = 65_535
const BLOCK_HEADER = 5

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
    let checksum = 0
    const checked = async function* () {
      let size = 0
      for await (const bytes of each.file.read(signal)) {
        checksum = crc32(bytes, checksum)
        size += bytes.byteLength
        yield bytes
      }
      if (size !== each.file.size) throw new Error(`${each.file.path} has ${size} bytes instead of ${each.file.size}`)
    }
    if (each.isSmall) {
      const chunks: Uint8Array[] = []
      for await (const bytes of checked()) chunks.push(bytes)
      yield localHeader(each, checksum)
      yield* chunks
    } else {
      yield localHeader(each, 0)
      yield* inBlocks(each.file.size, checked())
      yield descriptor(each, checksum)
    }
    checksums.push(checksum)
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
    const isSmall = file.size <= MAX_SMALL_BYTES
    const packedSize = isSmall ? file.size : file.size + Math.ceil(file.size / MAX_BLOCK_BYTES) * BLOCK_HEADER
    const isLarge = packedSize >= MAX_32
    const each = { file, name, offset, isSmall, packedSize, isLarge }
    offset += LOCAL_HEADER + name.byteLength + (isLarge ? 20 : 0) + packedSize
    if (!isSmall) offset += isLarge ? DESCRIPTOR_ZIP64 : DESCRIPTOR
    return each
  })
  return { placed, directoryOffset: offset }
}

/** Deflates without compression: `size` bytes, in blocks that have the same places however the bytes come. */
async function* inBlocks(size: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const inBlock = done % MAX_BLOCK_BYTES
      if (inBlock === 0) yield blockHeader(Math.min(MAX_BLOCK_BYTES, size - done), size - done <= MAX_BLOCK_BYTES)
      const part = chunk.subarray(at, at + MAX_BLOCK_BYTES - inBlock)
      yield part
      at += part.byteLength
      done += part.byteLength
    }
  }
}

function blockHeader(bytes: number, isLast: boolean): Uint8Array {
  const header = Buffer.alloc(BLOCK_HEADER)
  header.writeUInt8(isLast ? 1 : 0, 0)
  header.writeUInt16LE(bytes, 1)
  header.writeUInt16LE(~bytes & MAX_16, 3)
  return header
}

function localHeader({ file, name, isSmall, isLarge }: Placed, checksum: number): Uint8Array {
  const header = Buffer.alloc(LOCAL_HEADER + name.byteLength + (isLarge ? 20 : 0))
  header.writeUInt32LE(0x0403_4b50, 0)
  header.writeUInt16LE(isLarge ? VERSION_ZIP64 : VERSION, 4)
  header.writeUInt16LE(isSmall ? FLAGS : FLAGS_STREAMED, 6)
  header.writeUInt16LE(isSmall ? METHOD_STORED : METHOD_DEFLATED, 8)
  header.writeUInt16LE(DOS_DATE, 12)
  if (isSmall) {
    header.writeUInt32LE(checksum, 14)
    header.writeUInt32LE(file.size, 18)
    header.writeUInt32LE(file.size, 22)
  }
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

function descriptor({ file, packedSize, isLarge }: Placed, checksum: number): Uint8Array {
  const bytes = Buffer.alloc(isLarge ? DESCRIPTOR_ZIP64 : DESCRIPTOR)
  bytes.writeUInt32LE(0x0807_4b50, 0)
  bytes.writeUInt32LE(checksum, 4)
  if (isLarge) {
    bytes.writeBigUInt64LE(BigInt(packedSize), 8)
    bytes.writeBigUInt64LE(BigInt(file.size), 16)
  } else {
    bytes.writeUInt32LE(packedSize, 8)
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
  const { file, name, offset, isSmall, packedSize } = each
  const header = Buffer.alloc(CENTRAL_HEADER + name.byteLength + centralExtra(each))
  header.writeUInt32LE(0x0201_4b50, 0)
  header.writeUInt16LE(isFar(each) ? VERSION_ZIP64 : VERSION, 4)
  header.writeUInt16LE(isFar(each) ? VERSION_ZIP64 : VERSION, 6)
  header.writeUInt16LE(isSmall ? FLAGS : FLAGS_STREAMED, 8)
  header.writeUInt16LE(isSmall ? METHOD_STORED : METHOD_DEFLATED, 10)
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
    header.writeBigUInt64LE(BigInt(packedSize), at + 12)
    header.writeBigUInt64LE(BigInt(offset), at + 20)
  } else {
    header.writeUInt32LE(packedSize, 20)
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
