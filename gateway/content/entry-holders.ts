/** Checks that each file of a bundle has a holder, before the first byte of an archive: later the archive could only be cut. */

import type { BundleEntry, Key, Peer } from '../../node/index.ts'
import { encodeKeyHex } from '../../node/index.ts'
import { ProblemError, problemError, problemOf } from '../http/problem.ts'

/** Files that are searched for at the same time. */
const MAX_SIDE_BY_SIDE = 16

/**
 * @throws {ProblemError} 404 for the first file without a holder, 503 or 504 for one whose search failed; with its path
 * @throws signal.reason, when aborted
 */
export async function requireHolders(
  peer: Peer,
  entries: readonly Pick<BundleEntry, 'key' | 'path'>[],
  signal: AbortSignal,
): Promise<void> {
  const held = new Set(peer.content.held().map(({ key }) => encodeKeyHex(key)))
  /** By key: of files with the same bytes, one is enough. Bounded: the entries of a bundle. */
  const unknown = new Map(entries.map((entry) => [encodeKeyHex(entry.key), entry]))
  const rest = Array.from(unknown.values()).filter(({ key }) => !held.has(encodeKeyHex(key)) && !peer.content.has(key))
  const found = new AbortController()
  const inner = AbortSignal.any([signal, found.signal])
  const search = async () => {
    for (let entry = rest.shift(); entry !== undefined; entry = rest.shift()) await requireHolder(peer, entry, inner)
  }
  try {
    await Promise.all(Array.from({ length: Math.min(MAX_SIDE_BY_SIDE, rest.length) }, search))
  } finally {
    found.abort(new Error('the search is over'))
  }
}

async function requireHolder(peer: Peer, { key, path }: Pick<BundleEntry, 'key' | 'path'>, signal: AbortSignal): Promise<void> {
  let isHeld: boolean
  try {
    isHeld = await hasHolder(peer, key, signal)
  } catch (error) {
    const problem = problemOf(error)
    if (problem === null) throw error
    throw new ProblemError({ ...problem, message: `${problem.message} The search was for the file ${JSON.stringify(path)}.` })
  }
  if (isHeld) return
  throw problemError(404, 'ERR_NO_HOLDER', `Nobody holds the file ${JSON.stringify(path)} now, so the archive cannot be made.`, {
    advice: 'Ask its author to come back, or get the other files one by one.',
  })
}

async function hasHolder(peer: Peer, key: Key, signal: AbortSignal): Promise<boolean> {
  for await (const _ of peer.rendezvous.find(key, { signal })) return true
  signal.throwIfAborted()
  return false
}
