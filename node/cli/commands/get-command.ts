/** `mayfly get`: fetches content of any size, checks it, and writes it to standard output, a file or (the files of a bundle) a folder. */

import { basename } from 'node:path'
import { freeBytes } from '../../async/free-memory.ts'
import { MayflyError } from '../../errors.ts'
import type { BundleEntry, OpenedContent, UnsealedContent } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Link } from '../../keys/links.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import type { NetworkClient } from '../fetch/network-client.ts'
import { openNetworkClient, openOnceHeld } from '../fetch/open-network-client.ts'
import { isMaybeBundle, readBundle, readWhole, unseal } from '../fetch/whole-content.ts'
import { createPlainTextCheck } from '../print/plain-text.ts'
import { describeBytes } from '../print/progress-bar.ts'

/** Content to write, and how to read its plain text where it is private. */
interface ContentToWrite {
  content: OpenedContent
  unsealed: UnsealedContent | undefined
  client: NetworkClient
  /** A name that is its own, in a bundle or by its link. */
  name?: string | undefined
  signal: AbortSignal
}

/** Files of a folder that an error names. */
const MAX_NAMED = 5

/** @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_LIMIT, ERR_BAD_OPTION, ERR_BAD_PATH, ERR_WRONG_KEY, ERR_DAMAGED */
export async function runGet(context: CommandContext, reference: Link): Promise<ExitCode> {
  const { configuration, output } = context
  const target = configuration.output === '-' ? undefined : configuration.output
  if (output.json && target === undefined) {
    throw new MayflyError('ERR_BAD_OPTION', '--json needs --output FILE: standard output carries the bytes')
  }
  const signal = AbortSignal.any([context.signal, output.closed])
  const onRetry = (error: MayflyError) => output.remark(`${error.message}; trying again`)
  const client = await openNetworkClient({ ...configuration, signal, onRetry })
  try {
    const { key, outline, linkKey, path } = reference
    const content = await openOnceHeld(client, key, { ...(outline && { outline }), waitMs: configuration.waitMs, signal })
    const unsealed = await unseal(content, { client, linkKey, signal })
    const mayHaveFiles = target !== undefined || path !== undefined
    const entries = mayHaveFiles ? await readBundle(content, { signal, unsealed }) : undefined
    let whole: ContentToWrite = { content, unsealed, client, name: reference.name, signal }
    if (path !== undefined) {
      const entry = entryAt(entries, reference)
      const file = await client.open(entry.key, { bundle: key, ...(entry.outline && { outline: entry.outline }), signal })
      whole = { ...whole, content: file, name: basename(entry.path), unsealed: await unseal(file, { client, linkKey, signal }) }
    } else if (entries !== undefined && target !== undefined) {
      const { downloadBundle } = await import('../fetch/bundle-download.ts')
      await downloadBundle(content, entries, target, { client, output, linkKey, signal })
      return EXIT.done
    }
    await (target === undefined ? writeToStandardOutput(context, whole) : writeToFile(context, whole, target))
    return EXIT.done
  } finally {
    await client.close()
  }
}

async function writeToFile({ output }: CommandContext, whole: ContentToWrite, target: string): Promise<void> {
  const { content, unsealed, client, name, signal } = whole
  const { key, size, bundle } = content
  const hash = encodeKeyHex(key)
  const names = [unsealed?.name, name, hash]
  const { isFolderPath, ownFileIn } = await import('../fetch/own-name.ts')
  const own = (await isFolderPath(target)) ? await ownFileIn(target, content, { names, unsealed, signal }) : undefined
  const file = own?.path ?? target
  if (own?.isThere !== true) {
    const { download } = await import('../fetch/download.ts')
    await download(content, file, {
      reopen: (outline) => client.open(key, { ...(outline && { outline }), ...(bundle && { bundle }), signal }),
      onProgress(doneBytes) {
        if (doneBytes > 0) output.remark(`${describeBytes(doneBytes)} are there already`)
        return output.progressBar(basename(file), size, doneBytes)
      },
      signal,
      unsealed,
    })
  }
  const written = unsealed?.size ?? size
  const facts = unsealed && { name: unsealed.name, type: unsealed.type }
  output.result(`${file}: ${written} bytes${own?.isThere ? ', there already' : ''}`, { hash, size: written, file, ...facts })
}

async function writeToStandardOutput(
  { configuration, output, stdout }: CommandContext,
  { content, unsealed, signal }: ContentToWrite,
): Promise<void> {
  const isAsked = configuration.output !== undefined
  const isForTerminal = !isAsked && stdout.isTTY === true
  const isPlain = createPlainTextCheck()
  // On a terminal, a bar and the content itself would be drawn over each other.
  const progress = stdout.isTTY === true ? undefined : output.progressBar('getting', (unsealed ?? content).size)
  let isFirst = true
  try {
    for await (const bytes of readWhole(content, unsealed, { signal })) {
      const entries = isFirst && !isAsked && isMaybeBundle(bytes) ? await readBundle(content, { signal, unsealed }) : undefined
      if (entries !== undefined) throw folderWithoutTarget(entries)
      isFirst = false
      if (isForTerminal && !isPlain(bytes)) {
        throw new MayflyError(
          'ERR_BAD_OPTION',
          'This is not plain text and could upset the terminal: use --output FILE, or --output - to see it anyway',
        )
      }
      const { byteLength } = bytes
      await output.bytes(bytes)
      if (content.pieces !== undefined && unsealed === undefined) freeBytes(bytes) // nobody else in this process has the piece
      progress?.advance(byteLength)
    }
  } finally {
    progress?.end()
  }
}

function folderWithoutTarget(entries: BundleEntry[]): MayflyError {
  const size = describeBytes(entries.reduce((sum, entry) => sum + entry.size, 0))
  const names = entries.slice(0, MAX_NAMED).map(({ path }) => path)
  const more = entries.length > MAX_NAMED ? ` and ${entries.length - MAX_NAMED} more` : ''
  return new MayflyError(
    'ERR_BAD_OPTION',
    `This is a folder of ${entries.length} files, ${size}: ${names.join(', ')}${more}. ` +
      'Use --output FOLDER to get all of it, or put /PATH behind the hash to get one file',
  )
}

/** @throws {MayflyError} ERR_UNAVAILABLE: the bundle has no such file, or the content is no bundle */
function entryAt(entries: BundleEntry[] | undefined, { hash, path }: Link): BundleEntry {
  if (entries === undefined) throw new MayflyError('ERR_UNAVAILABLE', `Cannot get ${path}: ${hash} is one file, not a bundle of files`)
  const folder = path?.replace(/\/?$/, '/')
  const entry =
    entries.find((candidate) => candidate.path === path) ?? entries.find((candidate) => candidate.path === `${folder}index.html`)
  if (entry === undefined) throw new MayflyError('ERR_UNAVAILABLE', `Cannot get ${path}: the bundle has no such file`)
  return entry
}
