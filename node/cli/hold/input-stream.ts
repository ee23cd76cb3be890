/**
 * A stream (standard input, a pipe) as content. It is stored, since others can ask for it only by its hash: small input in memory, larger input
 * in a temporary file without a name, which is gone however this process ends. Only the user's own content is ever written to disk.
 */

import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addAbortSignal, type Readable } from 'node:stream'
import { type AbortOptions, type ContentSource, MayflyError, memorySource } from '../../index.ts'
import { createHandleSource } from '../../server/store/file-source.ts'
import { explainSystemError } from '../../server/store/system-error.ts'

export const INPUT_STREAM_DEFAULTS = {
  /** Larger input goes to a temporary file. */
  maxMemoryBytes: 1_048_576,
  /** Larger input is refused. */
  maxBytes: 4_294_967_296, // an endless input must not fill the disk; a file of one's own has no such limit
}

interface InputStreamOptions extends AbortOptions, Partial<typeof INPUT_STREAM_DEFAULTS> {}

/**
 * Reads the stream to its end.
 *
 * @throws {MayflyError} ERR_TOO_LARGE
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function keepInputStream(stream: Readable, name: string, options: InputStreamOptions = {}): Promise<ContentSource> {
  const { signal, maxMemoryBytes, maxBytes } = { ...INPUT_STREAM_DEFAULTS, ...options }
  if (signal !== undefined) addAbortSignal(signal, stream)
  const chunks: Uint8Array[] = []
  let size = 0
  let file: FileHandle | undefined
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk)
      size += bytes.byteLength
      if (size > maxBytes) {
        throw new MayflyError(
          'ERR_TOO_LARGE',
          `Cannot take ${name}: it is over the limit of ${maxBytes} bytes for a stream; write it to a file, and give that`,
        )
      }
      chunks.push(bytes)
      if (file === undefined && size <= maxMemoryBytes) continue
      try {
        file ??= await openNamelessFile()
        for (const part of chunks.splice(0)) await file.writeFile(part)
      } catch (error) {
        throw explainSystemError(`Cannot keep ${name} in ${tmpdir()} (TMPDIR names another directory)`, error)
      }
    }
    return file === undefined ? memorySource(Buffer.concat(chunks)) : await createHandleSource(file, name)
  } catch (error) {
    await file?.close()
    signal?.throwIfAborted()
    throw explainSystemError(`Cannot read ${name}`, error)
  }
}

async function openNamelessFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `mayfly-${randomBytes(12).toString('hex')}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
