/** The receivers of one share: where each stands, how far it is, and the connection by which it is here. */

import { type Chosen, isChosen } from '../format/chosen.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import type { ShareReceiver, ShareWay } from '../types.ts'
import type { AdmissionState } from './admission.ts'
import type { ReceiverLink } from './receiver-link.ts'

interface Known {
  label: string
  link: ReceiverLink | undefined
  way: ShareWay | undefined
  received: Map<number, number>
  saved: Set<number>
  taken: Chosen | undefined
  problem: string
}

export type ShareReceivers = ReturnType<typeof createShareReceivers>

export function createShareReceivers(admission: AdmissionState, entries: () => readonly ListedEntry[]) {
  /** By id, hex. Bounded: those that admission remembers. */
  const known = new Map<string, Known>()

  const wantedOf = ({ taken }: Known) => entries().filter(({ id }) => isChosen(taken, id))
  const placeOf = (id: string) => admission.receivers.get(id)?.place ?? 'none'

  function isDone(id: string): boolean {
    const receiver = known.get(id)
    if (receiver === undefined || placeOf(id) !== 'taken') return false
    const wanted = wantedOf(receiver)
    return wanted.length > 0 && wanted.every((entry) => receiver.saved.has(entry.id))
  }

  function stateOf(id: string, receiver: Known): ShareReceiver['state'] {
    const place = placeOf(id)
    if (place === 'refused') return 'refused'
    if (isDone(id)) return 'done'
    if (receiver.link?.isOpen !== true) return 'left'
    if (place === 'asking') return 'asking'
    return place === 'taken' ? 'receiving' : 'looking'
  }

  return {
    get: (id: string) => known.get(id),
    isDone,
    /** Those that are connected. */
    linked: (): [id: string, receiver: Known & { link: ReceiverLink }][] =>
      [...known].filter((each): each is [string, Known & { link: ReceiverLink }] => each[1].link?.isOpen === true),
    /** A receiver is here, or here again: its older connection ends, and so do those that it made admission forget. */
    connect(id: string, label: string, link: ReceiverLink): Known {
      for (const [other, { link: linkOfOther }] of known.size < admission.receivers.size ? [] : known) {
        if (admission.receivers.has(other)) continue
        known.delete(other)
        linkOfOther?.close()
      }
      const before = known.get(id)
      before?.link?.close()
      const now: Known = before ?? { label, link, way: undefined, received: new Map(), saved: new Set(), taken: undefined, problem: '' }
      Object.assign(now, { label, link, way: link.way, problem: '' })
      known.set(id, now)
      return now
    },
    list: (): ShareReceiver[] =>
      [...known].map(([id, receiver]) => ({
        id,
        label: receiver.label,
        state: stateOf(id, receiver),
        way: receiver.way,
        received: receiver.received,
        saved: receiver.saved,
        problem: receiver.problem || undefined,
        taken: receiver.taken === undefined ? undefined : new Set(wantedOf(receiver).map((entry) => entry.id)),
      })),
  }
}
