/** The finds of one presence stream, answered: from this node's own records, for a tab from all of the overlay, for a server from the record nodes. */

import { timeoutSignal } from '../async/abort.ts'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex } from '../keys/index.ts'
import { multihashOfPeer } from './lease.ts'
import type { HolderRecord, RecordStore } from './record-store.ts'
import type { ServedDirectory } from './served-directory.ts'
import type { HomeService } from './types.ts'
import { MAX_HOLDERS_PER_FOUND } from './wire.ts'
import { type FindFrame, type FoundFrame, type RefusedFrame, SCOPE } from './wire-frames.ts'

/** Finds in the overlay that one tab may have under way, and how long one may take, in ms. */
const MAX_NETWORK_FINDS = 8
const NETWORK_FIND_MS = 3_000
/** The same for a server that asks for all its tabs, of a key's record nodes alone. */
const MAX_GROUP_FINDS = 256

export function createServedFinds(
  {
    store,
    directory,
    service,
    giveNow,
    send,
  }: {
    store: RecordStore
    directory: Pick<ServedDirectory, 'homes'>
    service: Pick<HomeService, 'find'>
    /** To the peer that asks. */
    giveNow(key: string, bytes: number): boolean
    send(frame: FoundFrame | RefusedFrame): void
  },
  maxHolders: number,
) {
  const ended = new AbortController()
  let underWay = 0

  async function sendFound({ id, key, maxContentBytes = 0 }: FindFrame, records: HolderRecord[]): Promise<void> {
    const homes = await directory.homes(records.map(({ home }) => home))
    const content = store.contentOf(key)
    const isGiven = content && content.byteLength <= maxContentBytes && giveNow(encodeKeyHex(key), content.byteLength)
    send({
      type: 'found',
      id,
      leases: records.flatMap(({ lease }) => lease ?? []),
      stock: records.flatMap(({ lease, holder, expiresAtMs }) =>
        lease === undefined ? [{ peer: multihashOfPeer(holder), expiresAtMs }] : [],
      ),
      homes,
      count: store.count(key),
      ...(isGiven && { content }),
    })
  }

  return {
    answer(request: FindFrame) {
      const { id, key } = request
      const limit = Math.min(request.limit, maxHolders, MAX_HOLDERS_PER_FOUND)
      if (request.scope === SCOPE.own) {
        const records = store.sample(key, limit)
        // "Nobody" would be a lie, and be taken for one.
        if (records.length > 0 || !store.missed.has(key)) return void sendFound(request, records)
        return send({ type: 'refused', id, reason: 'records', text: 'there was no room for a lease of this key' })
      }
      const isForServer = request.scope === SCOPE.group
      const most = isForServer ? MAX_GROUP_FINDS : MAX_NETWORK_FINDS
      if (underWay >= most) return send({ type: 'refused', id, reason: 'busy', text: `at most ${most} finds at once` })
      underWay++
      void service
        .find(key, limit, AbortSignal.any([ended.signal, timeoutSignal(NETWORK_FIND_MS)]), isForServer)
        .then(
          (records) => sendFound(request, records),
          (error: unknown) => {
            if (!(error instanceof MayflyError && error.code === 'ERR_CLOCK')) return sendFound(request, [])
            send({ type: 'refused', id, reason: 'clock', text: error.message })
            return undefined
          },
        )
        .finally(() => underWay--)
    },
    /** The stream has ended: so do the searches for it. */
    end: () => ended.abort(new Error('the stream has ended')),
  }
}
