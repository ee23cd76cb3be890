/** Reports the holders of content that this process holds: when others can find it, and each change of their number. */

import { once } from 'node:events'
import { encodeKeyHex, type Key, type Peer } from '../../index.ts'
import type { Output } from '../print/output.ts'
import { describeHolders } from './holders-command.ts'

export interface HolderReportOptions {
  key: Key
  /** Names the content, where there is more than one. */
  label: string | undefined
  /** Called once: others can find it now, or should be able to. */
  onFindable(): void
  signal: AbortSignal
}

/**
 * How long to wait until the record nodes count this holder, in ms, before its link is printed anyway. A printed link must lead to the page,
 * and holding is announced in the background (12 links read through four nodes at once, without waiting: 7 of them 404).
 */
const ANNOUNCE_MS = 5_000

/** Resolves at the signal. */
export async function reportHolders(peer: Peer, output: Output, { key, label, onFindable, signal }: HolderReportOptions): Promise<void> {
  let isFindable = false
  const markFindable = () => {
    if (!isFindable) onFindable()
    isFindable = true
  }
  const timer = setTimeout(markFindable, ANNOUNCE_MS)
  try {
    for await (const holders of peer.rendezvous.watch(key, { signal })) {
      if (holders > 0) markFindable()
      if (!isFindable) continue
      output.remark(label === undefined ? describeHolders(holders) : `${label}: ${describeHolders(holders)}`)
      output.event({ type: 'holders', ...(label !== undefined && { hash: encodeKeyHex(key) }), holders })
    }
  } catch (error) {
    if (!signal.aborted) output.problem(error)
  } finally {
    clearTimeout(timer)
    markFindable()
  }
  // Holding matters more than counting: it goes on when counting has failed.
  if (!signal.aborted) await once(signal, 'abort')
}
