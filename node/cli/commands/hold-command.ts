/** `mayfly hold`: this process is a holder of files and folders until it is told to end. */

import { once } from 'node:events'
import { createPeer, encodeKeyHex, type Key, MayflyError, type Peer } from '../../index.ts'
import { originOfAddress } from '../../network/addresses.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { closeInputs, type HoldInput, openInputs } from '../hold/hold-input.ts'
import { createHolding, type HeldInput, linkOf } from '../hold/holding.ts'
import type { Output } from '../print/output.ts'
import { describeHolders } from './holders-command.ts'

/**
 * How long the link may stay unsaid because nobody counts the holder yet, in ms. Whoever opens a link that was just said must find the page:
 * holding is told to the record nodes in the background (12 links read through four nodes at once, without waiting: 7 of them 404).
 */
const ANNOUNCE_MS = 5_000

/**
 * Says a link for each path, then stays until the signal, or until nothing is left that could be held.
 *
 * @throws {MayflyError} ERR_TOO_LARGE, ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_BAD_PATH, ERR_LIMIT
 * @throws signal.reason, when aborted before everything was held
 */
export async function runHold(context: CommandContext, paths: string[]): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { join, timeoutMs, peerRate } = configuration
  const limits = peerRate === undefined ? {} : { maxPeerBytesPerSecond: peerRate }
  const peer = await createPeer({ role: 'tab', join, limits, createHasher: createNativeHasher })
  const inputs = await openInputs(paths, { stdin, limits: peer.status().limits, signal })
  const nothingLeft = new AbortController()
  const ended = AbortSignal.any([signal, nothingLeft.signal])
  let isAllHeld = false
  const holding = createHolding({
    peer,
    output,
    signal,
    isPrivate: configuration.private,
    onGone(name, hash) {
      output.event({ type: 'release', hash, name })
      output.problem(new MayflyError('ERR_UNAVAILABLE', `No longer holding ${name}: it is not what it was`))
      if (isAllHeld && holding.size === 0) nothingLeft.abort()
    },
  })
  const teller = tellOfNetwork(context, peer)
  try {
    await startJoined(peer, { join, timeoutMs, signal })
    const watching: Promise<void>[] = []
    for (const input of inputs) {
      const held = await holding.add(input)
      const { promise: said, resolve } = Promise.withResolvers<void>()
      const onAnnounced = () => {
        sayLink(context, input, held, teller.answering(join))
        teller.begin()
        resolve()
      }
      const label = inputs.length > 1 ? input.name : undefined
      watching.push(tellOfHolders(output, peer, held.key, { onAnnounced, label, ended }))
      await said
    }
    isAllHeld = true
    if (holding.size === 0) return EXIT.failed
    await Promise.all(watching)
    return nothingLeft.signal.aborted ? EXIT.failed : EXIT.done
  } finally {
    holding.end()
    await stopSoon(peer)
    await closeInputs(inputs)
  }
}

function sayLink({ output }: CommandContext, { name, isFolder, files }: HoldInput, held: HeldInput, join: string[]): void {
  const { key, outline, size } = held
  const origin = join.map(originOfAddress).find((candidate) => candidate !== undefined)
  const url = linkOf(origin, held)
  output.result(url, {
    hash: encodeKeyHex(key),
    url,
    size,
    name,
    ...(outline && { outline: encodeKeyHex(outline) }),
    ...(isFolder && { files: files.length }),
  })
}

interface TellOptions {
  /** Others can find it now, or should be able to. */
  onAnnounced(): void
  /** What it is, where there is more than one. */
  label: string | undefined
  ended: AbortSignal
}

/** Calls back once others can find it, then tells of each change. Resolves when the signal says so. */
async function tellOfHolders(output: Output, peer: Peer, key: Key, { onAnnounced, label, ended }: TellOptions): Promise<void> {
  let isAnnounced = false
  const announced = () => {
    if (!isAnnounced) onAnnounced()
    isAnnounced = true
  }
  const timer = setTimeout(announced, ANNOUNCE_MS)
  try {
    for await (const holders of peer.rendezvous.watch(key, { signal: ended })) {
      if (holders > 0) announced()
      if (!isAnnounced) continue
      output.remark(label === undefined ? describeHolders(holders) : `${label}: ${describeHolders(holders)}`)
      output.event({ type: 'holders', ...(label !== undefined && { hash: encodeKeyHex(key) }), holders })
    }
  } catch (error) {
    if (!ended.aborted) output.problem(error)
  } finally {
    clearTimeout(timer)
    announced()
  }
  // Holding matters more than counting: it goes on.
  if (!ended.aborted) await once(ended, 'abort')
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
