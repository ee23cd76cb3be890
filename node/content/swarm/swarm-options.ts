/** The options of a swarm, and what its parts are handed. */

import type { Candidate } from '../fetch/candidates.ts'
import type { Outline } from '../format/outline.ts'
import type { ContentReply, FollowEnd } from '../protocol/content-client.ts'

export const SWARM_DEFAULTS = {
  /** Members at the same time. */
  maxHolders: 16, // a member that has only some pieces costs a few bytes for each that it gets
  /** Requests in flight to one holder. */
  maxPerHolder: 6,
  /** The same for a tab that is asked directly: a data channel is idle unless much is requested. */
  maxPerDirectHolder: 12, // a reload repeats what is under way
  /**
   * A member is slow when a piece takes it this many times what it takes the fastest holder of the whole. A piece that takes so many times
   * what was expected is requested from a second member.
   */
  slowFactor: 4,
  /** A piece is requested from a second member after this time at the earliest, in ms. */
  minSlowMs: 1_000,
  /** The same for a tab that is asked directly. */
  minSlowDirectMs: 5_000, // many tabs on a slow machine or line: each piece that is requested twice is one more upload
  /** How long a piece waits for a better member before the fallback source is asked, in ms. */
  fallbackAfterMs: 2_500, // a direct dial takes half a second where it succeeds, and much longer where it fails
  /** How long at most the swarm waits until the other downloaders are connected, in ms. */
  gatherMs: 10_000, // a direct dial that fails takes eight seconds
  /** Whether to search again for members that left or failed, and when no member has a piece. */
  isPatient: false,
  /** The first wait before a search is repeated, in ms; each further one is twice as long until something comes of it. */
  retryMs: 1_000,
  maxRetryMs: 30_000,
  /** The same for a tab that could not be reached directly. */
  reachAgainMs: 17_000, // less a tenth of jitter it is still longer than `unreachableMs` (network/direct.ts)
  maxReachAgainMs: 201_000, // and than `maxUnreachableMs`
}

export type SwarmSettings = Readonly<typeof SWARM_DEFAULTS>
export type SwarmOptions = Partial<SwarmSettings>

/** Holders of the whole content, or of some pieces. */
export type Part = 'whole' | 'some'

export interface SwarmContext {
  outline: Outline
  /** The peers to ask, each once; ends when all were found. */
  candidates(part: Part, signal: AbortSignal): AsyncIterable<Candidate>
  /**
   * Calls back with how many hold the whole or some pieces, this peer included: at once when the count is known, and after each change.
   * Returns a function that ends it.
   */
  onCount(part: Part, listener: (count: number) => void): () => void
  /** Reports which pieces the candidate has, as they come. */
  follow(candidate: Candidate, onPieces: (indexes: number[]) => void, signal: AbortSignal): Promise<FollowEnd>
  requestPiece(candidate: Candidate, index: number, size: number, signal: AbortSignal): Promise<ContentReply>
  /** The candidate broke the rules. */
  distrust(candidate: Candidate, reason: string): void
  /** From 0 to 1. */
  random(): number
}
