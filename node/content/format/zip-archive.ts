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

export interface ZipFile {
  /** Parts joined by '/'. */
  path: string
  /** In bytes; `read` yields exactly so many. */
  size: number
  /** In ms since the epoch; content without a date has the earliest of the format. */
  modifiedMs?: number | undefined
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
/**
 * Made on Unix. Debian's unzip (6.0-28) takes names of an archive from elsewhere for those of DOS, whatever bit 11 says, and garbles all that
 * are not ASCII.
 */
const MADE_ON = 3 << 8
/** A file that its owner may write, and everybody may read: what Unix keeps of it. */
const ATTRIBUTES = 0o100644 * 0x1_0000
/** 1 January 1980 and 31 December 2107: the format has no earlier and no later date. */
const [FIRST_DATE, LAST_DATE] = [0x0021, 0xff9f]
const [FIRST_YEAR, LAST_YEAR] = [1980, 2107]

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

/** Goes on from the checksum of the bytes before, as that of node:zlib. */
type Crc32 = (bytes: Uint8Array, before: number) => number

/** @throws when a file has another number of bytes than its size */
export async function* writeZip(files: readonly ZipFile[], crc32: Crc32, signal: AbortSignal): AsyncGenerator<Uint8Array> {
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
    const name = new TextEncoder().encode(file.path)
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
  const header = new Bytes(BLOCK_HEADER)
  header.write16(isLast ? 1 : 0, 0)
  header.write16(bytes, 1)
  header.write16(~bytes & MAX_16, 3)
  return header.bytes
}

function localHeader({ file, name, isSmall, isLarge }: Placed, checksum: number): Uint8Array {
  const header = new Bytes(LOCAL_HEADER + name.byteLength + (isLarge ? 20 : 0))
  header.write32(0x0403_4b50, 0)
  const { date, time } = dateOf(file)
  header.write16(isLarge ? VERSION_ZIP64 : VERSION, 4)
  header.write16(isSmall ? FLAGS : FLAGS_STREAMED, 6)
  header.write16(isSmall ? METHOD_STORED : METHOD_DEFLATED, 8)
  header.write16(time, 10)
  header.write16(date, 12)
  if (isSmall) {
    header.write32(checksum, 14)
    header.write32(file.size, 18)
    header.write32(file.size, 22)
  }
  header.write16(name.byteLength, 26)
  header.bytes.set(name, LOCAL_HEADER)
  if (isLarge) {
    header.write32(MAX_32, 18)
    header.write32(MAX_32, 22)
    header.write16(20, 28)
    header.write16(1, LOCAL_HEADER + name.byteLength)
    header.write16(16, LOCAL_HEADER + name.byteLength + 2)
  }
  return header.bytes
}

function descriptor({ file, packedSize, isLarge }: Placed, checksum: number): Uint8Array {
  const bytes = new Bytes(isLarge ? DESCRIPTOR_ZIP64 : DESCRIPTOR)
  bytes.write32(0x0807_4b50, 0)
  bytes.write32(checksum, 4)
  if (isLarge) {
    bytes.write64(packedSize, 8)
    bytes.write64(file.size, 16)
  } else {
    bytes.write32(packedSize, 8)
    bytes.write32(file.size, 12)
  }
  return bytes.bytes
}

function isFar({ offset, isLarge }: Placed): boolean {
  return isLarge || offset >= MAX_32
}

function centralExtra(each: Placed): number {
  return isFar(each) ? CENTRAL_ZIP64 : 0
}

function centralHeader(each: Placed, checksum: number): Uint8Array {
  const { file, name, offset, isSmall, packedSize } = each
  const header = new Bytes(CENTRAL_HEADER + name.byteLength + centralExtra(each))
  header.write32(0x0201_4b50, 0)
  header.write16(MADE_ON | (isFar(each) ? VERSION_ZIP64 : VERSION), 4)
  const { date, time } = dateOf(file)
  header.write16(isFar(each) ? VERSION_ZIP64 : VERSION, 6)
  header.write16(isSmall ? FLAGS : FLAGS_STREAMED, 8)
  header.write16(isSmall ? METHOD_STORED : METHOD_DEFLATED, 10)
  header.write16(time, 12)
  header.write16(date, 14)
  header.write32(checksum, 16)
  header.write16(name.byteLength, 28)
  header.write32(ATTRIBUTES, 38)
  header.bytes.set(name, CENTRAL_HEADER)
  if (isFar(each)) {
    const at = CENTRAL_HEADER + name.byteLength
    header.write32(MAX_32, 20)
    header.write32(MAX_32, 24)
    header.write16(CENTRAL_ZIP64, 30)
    header.write32(MAX_32, 42)
    header.write16(1, at)
    header.write16(24, at + 2)
    header.write64(file.size, at + 4)
    header.write64(packedSize, at + 12)
    header.write64(offset, at + 20)
  } else {
    header.write32(packedSize, 20)
    header.write32(file.size, 24)
    header.write32(offset, 42)
  }
  return header.bytes
}

function needsZip64End(count: number, offset: number, size: number): boolean {
  return count >= MAX_16 || offset >= MAX_32 || size >= MAX_32
}

function end(count: number, offset: number, size: number): Uint8Array {
  const isLarge = needsZip64End(count, offset, size)
  const bytes = new Bytes((isLarge ? END_ZIP64 : 0) + END)
  if (isLarge) {
    bytes.write32(0x0606_4b50, 0)
    bytes.write64(44, 4)
    bytes.write16(VERSION_ZIP64, 12)
    bytes.write16(VERSION_ZIP64, 14)
    bytes.write64(count, 24)
    bytes.write64(count, 32)
    bytes.write64(size, 40)
    bytes.write64(offset, 48)
    bytes.write32(0x0706_4b50, 56)
    bytes.write64(offset + size, 64)
    bytes.write32(1, 72)
  }
  const at = isLarge ? END_ZIP64 : 0
  bytes.write32(0x0605_4b50, at)
  bytes.write16(isLarge ? MAX_16 : count, at + 8)
  bytes.write16(isLarge ? MAX_16 : count, at + 10)
  bytes.write32(isLarge ? MAX_32 : size, at + 12)
  bytes.write32(isLarge ? MAX_32 : offset, at + 16)
  return bytes.bytes
}

/** Little-endian numbers, each at its place. */
class Bytes {
  readonly bytes: Uint8Array
  readonly #view: DataView

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = new DataView(this.bytes.buffer)
  }

  write16(value: number, at: number): void {
    this.#view.setUint16(at, value, true)
  }

  write32(value: number, at: number): void {
    this.#view.setUint32(at, value, true)
  }

  write64(value: number, at: number): void {
    this.#view.setBigUint64(at, BigInt(value), true)
  }
}

/** As the clock on the wall shows it: the format has no time zone, and two seconds are one. */
function dateOf({ modifiedMs }: ZipFile): { date: number; time: number } {
  const at = new Date(modifiedMs ?? 0)
  const year = at.getFullYear()
  if (!(year >= FIRST_YEAR)) return { date: FIRST_DATE, time: 0 }
  if (year > LAST_YEAR) return { date: LAST_DATE, time: 0 }
  return {
    date: ((year - FIRST_YEAR) << 9) | ((at.getMonth() + 1) << 5) | at.getDate(),
    time: (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1),
  }
}
