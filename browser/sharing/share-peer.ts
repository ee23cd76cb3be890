/**
 * The peer by which this tab shares and receives, made when it is first needed. It is not the tab's own: both sides of a share know each
 * other's peer id, and whoever knows that of the tab's peer could look up at any hash whether this person has that page open.
 */

import { loadOnce } from '../../node/async/load-once.ts'
import type { PeerEvent, Sharing } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import type { PeerSession } from '../peer/peer-session.ts'

export class SharePeer {
  /** Bytes sent to others, by the hash of the content. Bounded by what this peer holds and receives. */
  readonly given = new Cell<ReadonlyMap<string, number>>(new Map())
  readonly #session: PeerSession
  readonly #gateway: string
  readonly #onEvent: (event: PeerEvent) => void
  /** Resolves before it has joined. @throws what prevented its code from being loaded or started; the next call tries again */
  readonly open: () => Promise<Sharing> = loadOnce(() => this.#start())

  /** @param gateway the origin of this page @param onEvent hears of what is sent to others */
  constructor(session: PeerSession, gateway: string, onEvent: (event: PeerEvent) => void) {
    this.#session = session
    this.#gateway = gateway
    this.#onEvent = onEvent
  }

  async #start(): Promise<Sharing> {
    const { createTabPeer } = await import('../peer/tab-peer.ts')
    const stores = { outboxStore: undefined, browserSecret: undefined }
    const { peer, prepareHashing } = await createTabPeer(this.#session.library(), this.#gateway, { ...stores, sharing: true })
    peer.onEvent((event) => {
      if (event.type !== 'served') return
      const { key, bytes } = event
      this.given.update((given) => new Map(given).set(key, (given.get(key) ?? 0) + bytes))
      this.#onEvent(event)
    })
    try {
      await peer.start()
    } catch (error) {
      await peer.stop().catch(() => {}) // the next call makes another one
      throw error
    }
    // Hashing is for whoever shares: a page that receives joins first.
    const prepare = () => prepareHashing().catch(() => {}) // tried again when it is needed
    peer.joined().then(prepare, prepare)
    if (peer.sharing === undefined) throw new TypeError('The peer was made without sharing')
    return peer.sharing
  }
}
