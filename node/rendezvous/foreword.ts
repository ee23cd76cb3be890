/**
 * A node says before leases how many bits it goes by, since whoever does not know that may take a lease that is to be told on for one that is not, or
 * the other way round; and where the homes of leases that it carries can be dialled.
 */

import type { ServerRecords } from '../network/index.ts'
import type { LeaseCodec } from './lease.ts'
import type { PresenceStream } from './presence-stream.ts'
import { encodeHeartbeat, encodeHomesFrame, MAX_RECORDS_PER_WELCOME } from './wire.ts'

/** The part of a presence stream over which it is told. */
type TellingStream = Pick<PresenceStream, 'tell'>

export interface ForewordRecords extends Pick<ServerRecords, 'recordOf'> {
  groups: Pick<ServerRecords['groups'], 'bits' | 'saidBits'>
}

/** @param records with the signed addresses of homes, where they are known */
export function createForeword(self: string, records: ForewordRecords | undefined, codec: Pick<LeaseCodec, 'decode'>) {
  /** Records that each stream has been told. Bounded by the homes whose leases are carried, and by how often they change their addresses. */
  const told = new WeakMap<TellingStream, Set<Uint8Array>>()
  /** The bits that each stream was told last. */
  const toldBits = new WeakMap<TellingStream, number>()

  /** Is called before the leases are sent. */
  return (stream: TellingStream, leases: readonly Uint8Array[]): void => {
    const bits = records?.groups.saidBits()
    if (bits !== undefined && toldBits.get(stream) !== bits) {
      toldBits.set(stream, bits)
      stream.tell(encodeHeartbeat({ type: 'heartbeat', bits }))
    }
    if (records === undefined || records.groups.bits === 0) return // each home tells the record nodes itself
    const before = told.get(stream) ?? new Set<Uint8Array>()
    told.set(stream, before)
    const homes = new Set(leases.map((lease) => codec.decode(lease).home).filter((home) => home !== self))
    const fresh = [...homes].flatMap((home) => records.recordOf(home) ?? []).filter((record) => !before.has(record))
    for (const record of fresh) before.add(record)
    for (let i = 0; i < fresh.length; i += MAX_RECORDS_PER_WELCOME)
      stream.tell(encodeHomesFrame({ type: 'homes', records: fresh.slice(i, i + MAX_RECORDS_PER_WELCOME) }))
  }
}
