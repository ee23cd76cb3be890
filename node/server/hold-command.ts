/** `mayfly hold`: this process is a holder of some bytes until it is told to end. */

import { once } from 'node:events'
import { createPeer, encodeKeyHex, type Key, type Peer, type PeerEvent } from '../index.ts'
import type { CommandContext } from './command-context.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { describeHolders } from './holders-command.ts'
import { readInput } from './input-bytes.ts'
import { originOfJoinAddress } from './join-address.ts'
import { describeJoinFailure, startJoined, stopSoon } from './joined-peer.ts'

/**
 * How long the link may stay unsaid because nobody counts the holder yet, in ms. Whoever opens a link that was just said must find the page:
 * holding is told to the record nodes in the background (12 links read through four nodes at once, without waiting: 7 of them 404).
 */
const ANNOUNCE_MS = 5_000

/**
 * Says the link, then stays until the signal.
 *
 * @throws {MayflyError} ERR_TOO_LARGE, ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_LIMIT
 * @throws signal.reason, when aborted before anything was held
 */
export async function runHold(context: CommandContext, path: string): Promise<ExitCode> {
  const { configuration, output, signal } = context
  const { join, timeoutMs } = configuration
  const peer = await createPeer({ role: 'tab', join })
  const bytes = await readInput({ path, stdin: context.stdin, maxBytes: peer.status().limits.maxContentBytes, signal })

  const teller = tellOfNetwork(context, peer)
  await startJoined(peer, { join, timeoutMs, signal })
  try {
    const { key, size } = await peer.content.hold(bytes)
    const hash = encodeKeyHex(key)
    const origin = teller
      .answering(join)
      .map(originOfJoinAddress)
      .find((candidate) => candidate !== undefined)
    const url = origin === undefined ? hash : `${origin}/${hash}`
    await tellOfHolders(context, peer, key, () => {
      output.result(url, { hash, url, size })
      teller.begin()
    })
    return EXIT.done
  } finally {
    await stopSoon(peer)
  }
}

/** Calls back once others can find it, then tells of each change. Resolves when the signal says so. */
async function tellOfHolders({ output, signal }: CommandContext, peer: Peer, key: Key, onAnnounced: () => void): Promise<void> {
  let isAnnounced = false
  const announced = () => {
    if (!isAnnounced) onAnnounced()
    isAnnounced = true
  }
  const timer = setTimeout(announced, ANNOUNCE_MS)
  try {
    for await (const holders of peer.rendezvous.watch(key, { signal })) {
      if (holders > 0) announced()
      if (!isAnnounced) continue
      output.remark(describeHolders(holders))
      output.event({ type: 'holders', holders })
    }
  } catch (error) {
    if (!signal.aborted) output.problem(error)
  } finally {
    clearTimeout(timer)
  }
  if (signal.aborted) return
  // Holding matters more than counting: it goes on.
  announced()
  await once(signal, 'abort')
}

interface NetworkTeller {
  /** From now on events may come between the results. */
  begin(): void
  /** The addresses, those that did not answer last: a link to one of them would lead nowhere. */
  answering(join: string[]): string[]
}

function tellOfNetwork({ output }: CommandContext, peer: Peer): NetworkTeller {
  const failed = new Set<string>()
  let hasBegun = false
  peer.onEvent((event) => {
    const words = describeNetworkEvent(event)
    if (event.type === 'join-failed') failed.add(event.address)
    if (words === undefined) return
    output.remark(words)
    if (hasBegun) output.event(event)
  })
  return {
    begin: () => {
      hasBegun = true
    },
    answering: (join) => join.toSorted((a, b) => Number(failed.has(a)) - Number(failed.has(b))),
  }
}

function describeNetworkEvent(event: PeerEvent): string | undefined {
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
