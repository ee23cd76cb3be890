/** A peer behind somebody else's node, for as long as a command runs. The command creates it. */

import { inTime, timeoutSignal } from '../../async/abort.ts'
import { formatDuration } from '../../async/duration.ts'
import { type AbortOptions, clockSentence, MayflyError, type Peer, type PeerEvent } from '../../index.ts'
import type { Output } from '../print/output.ts'
import { requireJoinAddress } from '../values/server-values.ts'

export interface JoinOptions extends AbortOptions {
  /** The addresses that the peer joins: a failure names them. */
  join: string[]
  /** How long to try to join, in ms. Once joined, the peer keeps trying for ever. */
  timeoutMs: number
}

/**
 * How long a peer may take to stop, in ms: enough to say farewell to its home, and short for a person who waits for the prompt. A home that
 * got no farewell notices when the socket closes.
 */
const STOP_MS = 1_500

/**
 * Starts the peer and waits until it is in the overlay. A peer that cannot join is stopped.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws signal.reason, when aborted
 */
export async function startJoined(peer: Peer, options: JoinOptions): Promise<void> {
  try {
    await startJoining(peer, options)
  } catch (error) {
    await stopSoon(peer)
    throw error
  }
}

/** Like `startJoined`, but a peer that cannot join goes on trying. */
export async function startJoining(peer: Peer, { join, timeoutMs, signal }: JoinOptions): Promise<void> {
  /** By address, the reason of the last failure. Bounded: the addresses. */
  const reasons = new Map<string, string>()
  const stopListening = peer.onEvent((event) => {
    if (event.type === 'join-failed') reasons.set(event.address, describeJoinFailure(event.address, event.reason))
  })
  const late = timeoutSignal(timeoutMs)
  try {
    signal?.throwIfAborted()
    await peer.start()
    requireJoinAddress(join)
    await peer.joined({ signal: signal === undefined ? late : AbortSignal.any([signal, late]) })
  } catch (cause) {
    signal?.throwIfAborted()
    if (!late.aborted) throw cause
    const tried = join.map((address) => reasons.get(address) ?? `${address} did not answer`).join('; ')
    throw new MayflyError('ERR_NO_NETWORK', `Could not join the network in ${formatDuration(timeoutMs)}: ${tried}`, { cause })
  } finally {
    stopListening()
  }
}

/** The reason names a gateway's URL already, but not a multiaddr. */
function describeJoinFailure(address: string, reason: string): string {
  return reason.includes(address) ? reason : `Cannot join ${address}: ${reason}`
}

/** Joining and leaving, in words for the person who runs the command; undefined for every other event. */
export function describeNetworkEvent(event: PeerEvent): string | undefined {
  switch (event.type) {
    case 'joined':
      return `Joined through ${event.peer}`
    case 'left':
      return `Lost ${event.peer} (${event.reason}); joining again`
    case 'join-failed':
      return `${describeJoinFailure(event.address, event.reason)}; trying again`
    default:
      return undefined
  }
}

/** Says when this machine's clock is off, also where nobody sees remarks: its owner alone can set it. */
export function reportClock(peer: Pick<Peer, 'onEvent'>, output: Pick<Output, 'problem'>): void {
  peer.onEvent((event) => {
    if (event.type === 'clock' && event.state !== 'right') output.problem(new MayflyError('ERR_CLOCK', clockSentence(event)))
  })
}

/** Stops the peer, and stops waiting for that after `STOP_MS`: the process ends then anyway. */
export async function stopSoon(peer: Peer): Promise<void> {
  await inTime(peer.stop(), STOP_MS)
}
