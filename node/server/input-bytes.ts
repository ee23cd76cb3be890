/** Reads what a command is to hold, a file or standard input, and no more of it than can be held. */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { MayflyError } from '../errors.ts'
import type { AbortOptions } from '../types.ts'
import { explainSystemError } from './system-error.ts'

export interface InputOptions extends AbortOptions {
  /** Path of a file; `-` is standard input. */
  path: string
  stdin: Readable
  maxBytes: number
}

/**
 * @throws {MayflyError} ERR_TOO_LARGE; ERR_BAD_OPTION, when the path is a folder
 * @throws the system's error, in words
 * @throws signal.reason, when aborted
 */
export async function readInput({ path, stdin, maxBytes, signal }: InputOptions): Promise<Uint8Array> {
  const name = path === '-' ? 'standard input' : path
  try {
    if (path !== '-') await assertHoldable(path, maxBytes)
    const source = path === '-' ? stdin : createReadStream(path)
    if (signal !== undefined) addAbortSignal(signal, source)
    return await readUpTo(source, maxBytes, name)
  } catch (error) {
    signal?.throwIfAborted()
    throw explainSystemError(`Cannot read ${name}`, error)
  }
}

/** Says what is wrong with a path before anything of it is read. */
async function assertHoldable(path: string, maxBytes: number): Promise<void> {
  const file = await stat(path)
  if (file.isDirectory()) {
    throw new MayflyError(
      'ERR_BAD_OPTION',
      `Cannot hold ${path}: it is a folder, and holding folders (as bundles) is not there yet; give one file`,
    )
  }
  if (file.size > maxBytes) throw tooLarge(path, `${file.size} bytes is`, maxBytes)
}

async function readUpTo(source: Readable, maxBytes: number, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    size += bytes.byteLength
    if (size > maxBytes) throw tooLarge(name, 'it is', maxBytes)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function tooLarge(name: string, what: string, maxBytes: number): MayflyError {
  return new MayflyError('ERR_TOO_LARGE', `Cannot hold ${name}: ${what} over the limit of ${maxBytes} bytes`)
}
