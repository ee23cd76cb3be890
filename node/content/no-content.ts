/** The content of a peer that was made without it: it holds and serves nothing, and says so where it is asked to. */

import { MayflyError } from '../errors.ts'
import type { ContentService } from './content.ts'

export function createNoContent(): ContentService {
  const refuse = () => {
    throw new MayflyError('ERR_BAD_OPTION', 'This peer was made with `content: false`')
  }
  return {
    counts: { held: 0, heldBytes: 0, cacheBytes: 0, bytesServed: 0, bytesFetched: 0 },
    hold: async () => refuse(),
    holdParts: refuse,
    release: async () => false,
    check: async () => false,
    held: () => [],
    get: async () => refuse(),
    open: async () => refuse(),
    givePiece: async () => refuse(),
    knows: () => false,
    receive: refuse,
    has: () => false,
    isInMemory: () => false,
    async start() {},
    async stop() {},
  }
}
