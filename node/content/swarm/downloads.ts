/** The downloads of this peer, one for each content and outline. How one proceeds is left to `download.ts`. */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { FetchedOutline } from '../fetch/fetcher.ts'
import type { ReceiveOptions, Receiving } from '../types.ts'
import { type Download, type DownloadContext, startDownload } from './download.ts'

export type Downloads = ReturnType<typeof createDownloads>

export function createDownloads(context: DownloadContext) {
  /** By key and outline, hex. Bounded by the caller: each needs a store. */
  const downloads = new Map<string, { key: Key; download: Download }>()
  const idOf = (key: Key, outline: Key) => `${encodeKeyHex(key)}:${encodeKeyHex(outline)}`

  async function endAll(isOne: (key: Key) => boolean): Promise<void> {
    await Promise.all([...downloads.values()].filter(({ key }) => isOne(key)).map(({ download }) => download.end()))
  }

  return {
    /** @throws {MayflyError} ERR_LIMIT when it is being downloaded already */
    start(key: Key, options: ReceiveOptions): Receiving {
      const id = idOf(key, options.outline)
      if (downloads.has(id)) throw new MayflyError('ERR_LIMIT', 'Cannot receive content: it is being received already')
      const download = startDownload(context, key, options, () => downloads.delete(id))
      downloads.set(id, { key, download })
      return download
    },
    get: (key: Key, outline: Key): Download | undefined => downloads.get(idOf(key, outline))?.download,
    /** The outline of a download of this key, once it is known. */
    outlineOf(key: Key): FetchedOutline | undefined {
      for (const { key: other, download } of downloads.values())
        if (download.found !== undefined && equalBytes(other, key)) return download.found
      return undefined
    },
    /** Ends the downloads of this key, because it is held now. */
    end: (key: Key) => endAll((other) => equalBytes(other, key)),
    stop: () => endAll(() => true),
  }
}
