/** A system that carries large content from one process to another, and the cost of one transfer. Implementations: `bulk-nodes.ts`, `bulk-tabs.ts`. */

import type { BulkContent } from './bulk-content.ts'
import type { BulkReading } from './bulk-meter.ts'
import { cpuMsOf, peakRssOf, resetPeakRss } from './process-stat.ts'
import { sum } from './samples.ts'

/** Usage of a process that lives for one transfer. */
export interface CommandUsage {
  cpuMs: number
  /** In bytes. */
  peakRss: number
}

export interface CarriedReading extends BulkReading {
  command?: CommandUsage
  /** A remark on this transfer alone, for instance the way that it took. */
  way?: string
}

/** Connected and joined. It ends with the stack that it was started on. */
export interface Carrier {
  /** Process ids. They may change between transfers, not in one. */
  senders(): number[]
  readers(): number[]
  /** Makes the content ready to be read; not measured. Resolves with the request for it. */
  offer(content: BulkContent): Promise<string>
  read(content: BulkContent, reference: string): Promise<CarriedReading>
}

export interface System {
  name: string
  /** `floor`: the least cost of any transfer; `base`: mayfly's bar; `peer`: another peer-to-peer system; `own`: mayfly. */
  kind: 'floor' | 'base' | 'peer' | 'own'
  /** Where the system runs: figures are compared within Node.js or within Chromium. */
  runs: 'node' | 'chromium'
  /** The verification of bytes, and the side that does it; shown in the table. */
  check: string
  start(stack: AsyncDisposableStack): Promise<Carrier>
}

export interface Transfer extends CarriedReading {
  mibPerSecond: number
  /** CPU of both ends together, in seconds for each GiB. */
  senderCpu: number
  readerCpu: number
  /** The most during the transfer, the sum of its processes, in bytes. */
  senderRss: number
  readerRss: number
}

const MIB = 1_048_576

export async function transfer(carrier: Carrier, content: BulkContent): Promise<Transfer> {
  const reference = await carrier.offer(content)
  const senders = carrier.senders()
  const readers = carrier.readers()
  for (const pid of [...senders, ...readers]) resetPeakRss(pid)
  const senderMs = sum(senders.map(cpuMsOf))
  const readerMs = sum(readers.map(cpuMsOf))
  const reading = await carrier.read(content, reference)
  const perGiB = (cpuMs: number) => (cpuMs / 1_000 / content.size) * MIB * 1_024
  const { command } = reading
  return {
    ...reading,
    mibPerSecond: content.size / MIB / (reading.ms / 1_000),
    senderCpu: perGiB(sum(senders.map(cpuMsOf)) - senderMs),
    readerCpu: perGiB(sum(readers.map(cpuMsOf)) - readerMs + (command?.cpuMs ?? 0)),
    senderRss: sum(senders.map(peakRssOf)),
    readerRss: sum(readers.map(peakRssOf)) + (command?.peakRss ?? 0),
  }
}
