/** `mayfly get`: the bytes of a hash, checked before the first of them is seen. */

import { MayflyError } from '../errors.ts'
import type { AbortOptions, Key } from '../types.ts'
import type { CommandContext } from './command-context.ts'
import type { ContentReference } from './content-reference.ts'
import type { Entrance } from './entrance.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { openEntrance } from './open-entrance.ts'
import { writeOutputFile } from './output-file.ts'

/** @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_TOO_LARGE, ERR_LIMIT, ERR_BAD_OPTION */
export async function runGet(context: CommandContext, { key, hash }: ContentReference): Promise<ExitCode> {
  const { configuration, output, stdout } = context
  const file = configuration.output
  const toFile = file !== undefined && file !== '-'
  if (output.json && !toFile) {
    throw new MayflyError('ERR_BAD_OPTION', '--json needs --output FILE: standard output carries the bytes')
  }
  const signal = AbortSignal.any([context.signal, output.closed])
  const bytes = await fetchBytes(context, key, signal)
  if (toFile) {
    await writeOutputFile(file, bytes)
    output.result(`${file}: ${bytes.byteLength} bytes`, { hash, size: bytes.byteLength, file })
    return EXIT.done
  }
  if (file === undefined && stdout.isTTY === true && !isPlainText(bytes)) {
    throw new MayflyError(
      'ERR_BAD_OPTION',
      'This is not plain text and could upset the terminal: use --output FILE, or --output - to see it anyway',
    )
  }
  await output.bytes(bytes)
  return EXIT.done
}

async function fetchBytes({ configuration, output }: CommandContext, key: Key, signal: AbortSignal): Promise<Uint8Array> {
  const onRetry = (error: MayflyError) => output.remark(`${error.message}; trying again`)
  const entrance = await openEntrance({ ...configuration, signal, onRetry })
  try {
    return await getOnceHeld(entrance, key, { waitMs: configuration.waitMs, signal })
  } finally {
    await entrance.close()
  }
}

/** Asks once, and when nobody holds it, again each time that somebody comes, for as long as `waitMs`. */
async function getOnceHeld(
  entrance: Entrance,
  key: Key,
  { waitMs, signal }: { waitMs: number } & Required<AbortOptions>,
): Promise<Uint8Array> {
  const failure = await entrance.get(key, { signal }).catch(noHolderOnly)
  if (failure instanceof Uint8Array) return failure
  if (waitMs === 0) throw failure
  const over = AbortSignal.timeout(waitMs)
  try {
    for await (const holders of entrance.watch(key, { signal: AbortSignal.any([signal, over]) })) {
      const bytes = holders > 0 ? await entrance.get(key, { signal }).catch(noHolderOnly) : failure
      if (bytes instanceof Uint8Array) return bytes
    }
  } catch (error) {
    if (!over.aborted || signal.aborted) throw error
  }
  throw failure
}

function noHolderOnly(error: unknown): MayflyError {
  if (error instanceof MayflyError && error.code === 'ERR_NO_HOLDER') return error
  throw error
}

/** UTF-8 without control characters other than tab and line ends. */
function isPlainText(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text)
  } catch {
    return false
  }
}
