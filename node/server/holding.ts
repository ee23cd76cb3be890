/** Holds what was offered through one peer: reads it once for its hash, watches its files, and lets go of what is no longer what it was. */

import { basename } from 'node:path'
import {
  type BundleEntry,
  type ContentSource,
  encodeBundle,
  encodeKeyHex,
  type HeldContent,
  type Key,
  mediaTypeOf,
  type Peer,
} from '../index.ts'
import type { Offer, OfferedFile } from './offer.ts'
import type { Output } from './output.ts'

export interface HoldingOptions {
  peer: Peer
  output: Output
  signal: AbortSignal
  /** What is no longer held, since its file has changed. */
  onGone(name: string, hash: string): void
}

export interface Holding {
  /**
   * What the offer is found under: the file itself, or the bundle of a folder.
   *
   * @throws {MayflyError} ERR_LIMIT, ERR_TOO_LARGE
   * @throws signal.reason, when aborted
   */
  add(offer: Offer): Promise<HeldContent>
  /** How many contents are held. */
  readonly size: number
  /** No more watching. */
  end(): void
}

export function createHolding({ peer, output, signal, onGone }: HoldingOptions): Holding {
  /** By key, hex: whose content it is. Bounded: the peer's own limits. */
  const names = new Map<string, string>()
  const stopWatching: (() => void)[] = []
  const stopListening = peer.onEvent((event) => {
    if (event.type !== 'release') return
    const name = names.get(event.key)
    if (names.delete(event.key) && name !== undefined) onGone(name, event.key)
  })

  async function hold({ name, source }: OfferedFile, onRead: (bytes: number) => void): Promise<HeldContent> {
    const held = await peer.content.hold(countReads(source, onRead), { signal })
    const hash = encodeKeyHex(held.key)
    // Of two files with the same bytes one is enough.
    if (names.has(hash)) {
      await source.close?.()
      return held
    }
    names.set(hash, name)
    if ('onChange' in source) stopWatching.push(source.onChange(() => void peer.content.release(held.key)))
    return held
  }

  async function holdBundle(offer: Offer, entries: BundleEntry[]): Promise<HeldContent> {
    const held = await peer.content.hold(encodeBundle(entries), { signal })
    names.set(encodeKeyHex(held.key), offer.name)
    return held
  }

  return {
    async add(offer) {
      const totalBytes = offer.files.reduce((sum, { source }) => sum + source.size, 0)
      const progress = output.progress(basename(offer.name), totalBytes)
      try {
        const entries: BundleEntry[] = []
        for (const file of offer.files) {
          const held = await hold(file, progress.advance)
          if (!offer.isFolder) return held
          entries.push({ ...held, path: file.path, type: mediaTypeOf(file.path) })
        }
        return await holdBundle(offer, entries)
      } finally {
        progress.end()
      }
    },
    get size() {
      return names.size
    },
    end() {
      stopListening()
      for (const stop of stopWatching) stop()
    },
  }
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

/** The address of what is held: on a gateway where there is one. The outline's hash lets one read it from anywhere. */
export function linkOf(origin: string | undefined, { key, outline }: { key: Key; outline?: Key | undefined }): string {
  const hash = encodeKeyHex(key)
  const address = origin === undefined ? hash : `${origin}/${hash}`
  return outline === undefined ? address : `${address}?o=${encodeKeyHex(outline)}`
}
