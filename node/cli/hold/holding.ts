/** Holds inputs through one peer: reads each once for its hash, watches its files, and has those checked that may have changed. */

import { basename, resolve } from 'node:path'
import {
  BUNDLE_MEDIA_TYPE,
  type BundleEntry,
  type ContentSource,
  createLinkKey,
  encodeBundle,
  encodeKeyHex,
  encodeLink,
  type HeldContent,
  type LinkKey,
  mediaTypeOf,
  memorySource,
  type Peer,
  sealSource,
} from '../../index.ts'
import type { Output } from '../print/output.ts'
import type { HoldInput, InputFile } from './hold-input.ts'

interface HoldingOptions {
  peer: Peer
  output: Output
  signal: AbortSignal
  /** Hold cipher text: a key of its own for each input. */
  isPrivate: boolean
  /** Content was released, since its file has changed or cannot be read. */
  onGone(name: string, hash: string, reason: string): void
}

export interface HeldInput extends HeldContent {
  /** The key of its link, when it is private. */
  linkKey?: LinkKey
  /** A file's own name, for its link. */
  name?: string
}

export function createHolding({ peer, output, signal, isPrivate, onGone }: HoldingOptions) {
  /** Names of held inputs by key, hex. Bounded: the peer's own limits. */
  const names = new Map<string, string>()
  const stopWatching: (() => void)[] = []
  const stopListening = peer.onEvent((event) => {
    if (event.type !== 'release' || event.reason === undefined) return
    const name = names.get(event.key)
    if (names.delete(event.key) && name !== undefined) onGone(name, event.key, event.reason)
  })

  async function hold(
    { name, path, source }: InputFile,
    linkKey: LinkKey | undefined,
    isPart: boolean,
    onRead: (bytes: number) => void,
  ): Promise<HeldContent> {
    const counted = countReads(source, onRead)
    const ownName = fileNameOf({ name, path, source })
    const type = mediaTypeOf(ownName)
    const content = linkKey === undefined ? counted : await sealSource(counted, linkKey, { name: ownName, type })
    const held = await peer.content.hold(content, { signal, isPart })
    const hash = encodeKeyHex(held.key)
    // One of two files with the same bytes is enough.
    if (names.has(hash)) {
      await source.close?.()
      return held
    }
    names.set(hash, name)
    if ('onChange' in source) stopWatching.push(source.onChange(() => peer.content.check(held.key)))
    return held
  }

  async function holdBundle(input: HoldInput, entries: BundleEntry[], linkKey: LinkKey | undefined): Promise<HeldContent> {
    const list = encodeBundle(entries)
    const facts = { name: basename(resolve(input.name)), type: BUNDLE_MEDIA_TYPE }
    const sealed = linkKey && (await sealSource(memorySource(list), linkKey, facts))
    const held = await peer.content.hold(sealed ? await sealed.read(0, sealed.size) : list, { signal })
    names.set(encodeKeyHex(held.key), input.name)
    return held
  }

  return {
    /**
     * Holds the file, or the bundle of a folder.
     *
     * @throws {MayflyError} ERR_LIMIT, ERR_TOO_LARGE
     * @throws signal.reason, when aborted
     */
    async add(input: HoldInput): Promise<HeldInput> {
      const totalBytes = input.files.reduce((sum, { source }) => sum + source.size, 0)
      const progress = output.progressBar(basename(input.name), totalBytes)
      const linkKey = isPrivate ? createLinkKey() : undefined
      const withKey = (held: HeldContent, name = ''): HeldInput => ({
        ...held,
        ...(linkKey && { linkKey }),
        ...(name !== '' && !linkKey && { name }),
      })
      try {
        const entries: BundleEntry[] = []
        for (const file of input.files) {
          const held = await hold(file, linkKey, !input.hasOwnLinks, progress.advance)
          if (input.folder === undefined) return withKey(held, fileNameOf(file))
          entries.push({ ...held, size: file.source.size, path: file.path, type: mediaTypeOf(file.path) })
        }
        return withKey(await holdBundle(input, entries, linkKey))
      } finally {
        progress.end()
      }
    },
    /** Number of contents held. */
    get size() {
      return names.size
    },
    /** Stops watching files and events. */
    end() {
      stopListening()
      for (const stop of stopWatching) stop()
    },
  }
}

/** Empty for a stream, which has none. */
function fileNameOf({ name, path, source }: InputFile): string {
  return 'onChange' in source ? basename(path || name) : ''
}

function countReads(source: ContentSource, onRead: (bytes: number) => void): ContentSource {
  return {
    size: source.size,
    async read(offset, length, options) {
      const bytes = await source.read(offset, length, options)
      onRead(bytes.byteLength)
      return bytes
    },
    close: async () => source.close?.(),
  }
}

/** The link to held content: on a gateway where there is one, else the hash by itself. A file's name is in it; private content has its own inside. */
export function linkOf(origin: string | undefined, { key, outline, linkKey, name }: Omit<HeldInput, 'size'>): string {
  const link = encodeLink({
    key,
    ...(origin !== undefined && { origin }),
    ...(outline && { outline }),
    ...(name !== undefined && { name }),
    ...(linkKey && { linkKey }),
  })
  return origin === undefined ? link.slice(1) : link
}
