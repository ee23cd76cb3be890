/** The receivers of one share: where each stands, how far it is, and the connection by which it is here. */

import { createRecentMap } from '../../async/recent-map.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import type { ShareReceiver, ShareWay } from '../types.ts'
import { ADMISSION_LIMITS, type AdmissionState } from './admission.ts'
import type { ReceiverLink } from './receiver-link.ts'

interface Known {
  label: string
  link: ReceiverLink | undefined
  way: ShareWay | undefined
  received: Map<number, number>
  saved: Set<number>
  /** 'all': also what comes later. */
  taken: Set<number> | 'all' | undefined
}

export type ShareReceivers = ReturnType<typeof createShareReceivers>

export function createShareReceivers(admission: AdmissionState, entries: () => readonly ListedEntry[]) {
  /** By id, hex. */
  const known = createRecentMap<string, Known>({ maxEntries: ADMISSION_LIMITS.maxReceivers, order: 'added' })

  const wantedOf = ({ taken }: Known) => entries().filter(({ id }) => taken === 'all' || taken?.has(id) === true)
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
    /** A receiver is here, or here again: its older connection ends. */
    connect(id: string, label: string, link: ReceiverLink): Known {
      const before = known.get(id)
      before?.link?.close()
      const now: Known = before ?? { label, link, way: undefined, received: new Map(), saved: new Set(), taken: undefined }
      Object.assign(now, { label, link, way: link.way })
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
        taken: receiver.taken === undefined ? undefined : new Set(wantedOf(receiver).map((entry) => entry.id)),
      })),
  }
}
