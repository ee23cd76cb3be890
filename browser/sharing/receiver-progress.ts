/** How far each receiver of a share is, and how fast. */

import { createRecentMap } from '../../node/async/recent-map.ts'
import type { ShareEntry, ShareReceiver } from '../../node/index.ts'
import { Pace } from '../transfer/pace.ts'

export interface ShownReceiver extends Pick<ShareReceiver, 'id' | 'label' | 'state' | 'way' | 'problem'> {
  /** Entries that it has taken, and those of them that are checked and on its disk. */
  files: number
  savedFiles: number
  /** Bytes of what it has taken. `done` is less than `total` until everything is saved. */
  done: number
  total: number
  /** 0 while it is unknown. */
  bytesPerSecond: number
}

/** As many as a share remembers. */
const MAX_RECEIVERS = 1_024

export class ReceiverProgress {
  readonly #paces = createRecentMap<string, { pace: Pace; received: number }>({ maxEntries: MAX_RECEIVERS })

  shown(receiver: ShareReceiver, entries: readonly ShareEntry[]): ShownReceiver {
    const { id, label, state, way, problem, taken, received, saved } = receiver
    const wanted = taken === undefined ? [] : entries.filter((entry) => taken.has(entry.id))
    let [total, sum, savedFiles] = [0, 0, 0]
    for (const entry of wanted) {
      const isSaved = saved.has(entry.id)
      total += entry.size
      sum += isSaved ? entry.size : Math.min(received.get(entry.id) ?? 0, entry.size)
      if (isSaved) savedFiles++
    }
    const isWhole = savedFiles === wanted.length
    // A full bar has no bytes that are not checked yet.
    const done = isWhole ? sum : Math.min(sum, Math.floor(total * 0.99))
    const bytesPerSecond = this.#follow(id, sum, state === 'receiving' && !isWhole)
    return { id, label, state, way, problem, files: wanted.length, savedFiles, done, total, bytesPerSecond }
  }

  #follow(id: string, received: number, isReceiving: boolean): number {
    const known = this.#paces.get(id)
    if (!isReceiving || known === undefined) {
      this.#paces.set(id, { pace: new Pace(), received })
      return 0
    }
    if (received > known.received) known.pace.add(received - known.received)
    known.received = received
    return known.pace.bytesPerSecond()
  }
}
