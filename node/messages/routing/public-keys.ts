/**
 * Public keys of hashnames, which senders seal messages for: those that were proved here, and those that other nodes told, which are checked
 * against the hashname. In memory.
 */

import type { PeerId } from '@libp2p/interface'
import { timeoutSignal } from '../../async/abort.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import { createSemaphore } from '../../async/semaphore.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { type NodeRequests, type RouterPresence, searchHomes } from './node-requests.ts'
import type { RecordNodes } from './record-nodes.ts'

/** About 3 MB. */
const MAX_PUBLIC_KEYS = 16_384
/** How long others may take to tell a public key, in ms: record nodes of another group are dialled for it. */
const KEY_MS = 2_500
/** Searches for public keys at once: any tab may ask for one, of ends that nobody receives at. */
const MAX_SEARCHES = 32

export function createPublicKeys(
  self: PeerId,
  presence: Pick<RouterPresence, 'find'>,
  recordNodes: Pick<RecordNodes, 'of'>,
  requests: Pick<NodeRequests, 'publicKey'>,
) {
  /** By the end's key, hex. */
  const keys = createRecentMap<string, Uint8Array>({ maxEntries: MAX_PUBLIC_KEYS })
  const searches = createSemaphore(MAX_SEARCHES)

  /** Remembers a public key whose SHA-256 is the end: the caller has checked it. */
  const put = (end: Key, publicKey: Uint8Array) => keys.set(encodeKeyHex(end), publicKey)
  const get = (end: Key) => keys.get(encodeKeyHex(end))

  /** @throws {MayflyError} ERR_LIMIT */
  async function findAtHomes(end: Key, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const release = searches.tryAcquire()
    if (release === undefined) throw new MayflyError('ERR_LIMIT', `Cannot look for a public key: ${MAX_SEARCHES} searches are under way`)
    try {
      for await (const home of searchHomes(presence, end, new Set([self.toString()]), signal)) {
        const publicKey = await requests.publicKey(home, end, false, signal)
        if (publicKey !== undefined) return publicKey
      }
      return undefined
    } finally {
      release()
    }
  }

  /**
   * The public key, if not known here asked of the end's record nodes, then of the homes of its holders. Undefined when nobody told it.
   *
   * @throws {MayflyError} ERR_LIMIT, when too many are searched for
   * @throws signal.reason, when aborted
   */
  async function lookUp(end: Key, { signal }: Required<AbortOptions>): Promise<Uint8Array | undefined> {
    const known = get(end)
    if (known !== undefined) return known
    const limited = AbortSignal.any([signal, timeoutSignal(KEY_MS)])
    const { nodes } = await recordNodes.of(end)
    const publicKey =
      (await firstTold(nodes.map((node) => requests.publicKey(node, end, false, limited)))) ?? (await findAtHomes(end, limited))
    signal.throwIfAborted()
    if (publicKey !== undefined) put(end, publicKey)
    return publicKey
  }

  return {
    put,
    get,
    lookUp,
    /** As `lookUp`, for peers whose protocol has one answer for a key that nobody knows and one that could not be searched for. */
    async find(end: Key, options: Required<AbortOptions>) {
      try {
        return await lookUp(end, options)
      } catch (error) {
        if (error instanceof MayflyError && error.code === 'ERR_LIMIT') return undefined
        throw error
      }
    },
  }
}

/** The first key that one of them tells: a silent record node is not waited for. Undefined when none tells any. */
function firstTold(answers: Promise<Uint8Array | undefined>[]): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    for (const answer of answers) void answer.then((key) => key !== undefined && resolve(key))
    void Promise.allSettled(answers).then(() => resolve(undefined))
  })
}
