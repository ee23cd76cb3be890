/** A peer behind somebody else's node, for as long as a command runs. Making it is the command's, which knows what it is for. */

import { formatDuration } from '../../async/duration.ts'
import { type AbortOptions, MayflyError, type Peer, type PeerEvent } from '../../index.ts'

export interface JoinOptions extends AbortOptions {
  /** What the peer was told to join: a failure names them. */
  join: string[]
  /** How long to try to join, in ms. Once joined, the peer keeps trying for ever. */
  timeoutMs: number
}

/** Long enough to tell the home, short enough for a person who waits for the prompt. What is not told is seen when the socket closes. */
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

/** The same, but a peer that cannot join goes on trying. */
export async function startJoining(peer: Peer, { join, timeoutMs, signal }: JoinOptions): Promise<void> {
  /** By address, why it was not joined last. Bounded: the addresses. */
  const reasons = new Map<string, string>()
  const stopListening = peer.onEvent((event) => {
    if (event.type === 'join-failed') reasons.set(event.address, describeJoinFailure(event.address, event.reason))
  })
  const late = AbortSignal.timeout(timeoutMs)
  try {
    await peer.start()
    await peer.joined({ signal: signal === undefined ? late : AbortSignal.any([signal, late]) })
  } catch (cause) {
    signal?.throwIfAborted()
    if (!late.aborted) throw cause
    const tried = join.map((address) => reasons.get(address) ?? `${address} did not answer`).join('; ')
    throw new MayflyError('ERR_NO_NETWORK', `Could not join anybody in ${formatDuration(timeoutMs)}: ${tried}`, { cause })
  } finally {
    stopListening()
  }
}

/** A failure of a gateway's URL names it already, one of a multiaddr does not. */
export function describeJoinFailure(address: string, reason: string): string {
  return reason.includes(address) ? reason : `Cannot join ${address}: ${reason}`
}

/** What a person who runs a command wants to know of its way into the network; undefined for everything else. */
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

/** Stops the peer, or gives up waiting for that: the process ends then anyway. */
export async function stopSoon(peer: Peer): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, STOP_MS)
  await Promise.race([peer.stop(), late])
  clearTimeout(timer)
}
