/** Requests single pieces from members, checks them, and measures each member: its latency, its failures, its lies. */

import { equalBytes, sha256 } from '../../keys/index.ts'
import { pieceHash, pieceSize } from '../format/outline.ts'
import type { Member, Members } from './members.ts'
import type { SwarmContext } from './swarm-options.ts'

/** After so many failures in a row a member is dropped; after wrong bytes, at once. */
const MAX_FAILURES = 3

/** How much of the newest measurement counts. */
const SMOOTHING = 0.3

/** @param minSlowMs a latency from which on a member that lost a race counts as slow, in ms */
export function createMemberRequests(
  { outline, requestPiece, distrust }: SwarmContext,
  members: Members,
  minSlowMs: number,
  listener: { onPiece(member: Member): void; onEnd(): void },
) {
  function setLatency(member: Member, latencyMs: number): void {
    member.latencyMs = latencyMs
    member.measuredAtMs = performance.now()
  }

  function onRight(member: Member, tookMs: number): void {
    setLatency(member, member.latencyMs === undefined ? tookMs : (1 - SMOOTHING) * member.latencyMs + SMOOTHING * tookMs)
    member.failures = 0
    members.onPiece(member)
    listener.onPiece(member)
  }

  function onFailure(member: Member, reason: string | undefined): void {
    setLatency(member, (member.latencyMs ?? minSlowMs) * 2)
    if (++member.failures < MAX_FAILURES) return
    members.drop(member, 'failure')
    if (reason !== undefined) distrust(member.candidate, reason)
  }

  /**
   * The bytes, checked, or undefined when the member sent none. The caller has counted the request in `member.inFlight`.
   *
   * @throws signal.reason, when aborted
   */
  return async (member: Member, index: number, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const { candidate } = member
    const startedAtMs = performance.now()
    const tookMs = () => performance.now() - startedAtMs
    try {
      const result = await requestPiece(candidate, index, pieceSize(outline, index), signal)
      if ('bytes' in result) {
        if (equalBytes(await sha256(result.bytes), pieceHash(outline, index))) {
          onRight(member, tookMs())
          return result.bytes
        }
        members.drop(member, 'lie')
        distrust(candidate, `wrong bytes for piece ${index}`)
      } else if ('unreachable' in result && candidate.isDirect)
        members.drop(member, 'unreachable') // it left, or is behind a firewall, or only busy: no lie, and no reason to wait for it now
      else onFailure(member, 'broken' in result ? result.broken : 'unreachable' in result ? result.unreachable : undefined)
      return undefined
    } catch (error) {
      if (signal.aborted) {
        // Another member was faster, though it was asked later: this one takes at least so long.
        if (tookMs() >= minSlowMs) setLatency(member, Math.max(member.latencyMs ?? 0, tookMs()))
        throw signal.reason
      }
      onFailure(member, error instanceof Error ? error.message : String(error))
      return undefined
    } finally {
      member.inFlight--
      listener.onEnd()
    }
  }
}
