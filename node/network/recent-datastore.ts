/**
 * Where libp2p remembers peers: in memory, the newest only. By itself it forgets a peer after hours, and only when it is asked for that peer:
 * those that never come back would stay for ever.
 */

import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { createRecentMap } from '../async/recent-map.ts'

export class RecentDatastore extends MemoryDatastore {
  readonly #recent

  /** @param maxEntries the entry that was used longest ago goes first */
  constructor(maxEntries: number) {
    super()
    const onEvict = (name: string) => void super.delete(new Key(name))
    this.#recent = createRecentMap<string, true>({ maxEntries, onEvict })
  }

  override put(key: Key, value: Uint8Array) {
    this.#recent.set(key.toString(), true)
    // A copy: encoders cut small values out of blocks of 64 KiB, and one value would keep all of its block.
    return super.put(key, Uint8Array.from(value))
  }

  override get(key: Key) {
    this.#recent.get(key.toString())
    return super.get(key)
  }

  override delete(key: Key) {
    this.#recent.delete(key.toString())
    return super.delete(key)
  }
}
