/** `mayfly hold`: this process holds files and folders until it is asked to stop. */

import { once } from 'node:events'
import { createPeer, encodeKeyHex, type Key, MayflyError, type Peer } from '../../index.ts'
import { originOfAddress } from '../../network/addresses.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { closeInputs, type HoldInput, openInputs } from '../hold/hold-input.ts'
import { createHolding, type HeldInput, linkOf } from '../hold/holding.ts'
import type { Output } from '../print/output.ts'
import { describeHolders } from './holders-command.ts'

/** Files that one command holds: those of six full bundles. Each takes some memory, and a watch of the system. */
const MAX_CONTENTS = 65_536

/**
 * Prints a link for each path, then runs until the signal, or until nothing is left to hold.
 *
 * @throws {MayflyError} ERR_TOO_LARGE, ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_BAD_PATH, ERR_LIMIT
 * @throws signal.reason, when aborted before everything was held
 */
export async function runHold(context: CommandContext, paths: string[]): Promise<ExitCode> {
  const { configuration, output, signal, stdin } = context
  const { join, timeoutMs, peerRate } = configuration
  const limits = { maxHeldContents: MAX_CONTENTS, ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }) }
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
    onGone(name, hash, reason) {
      output.event({ type: 'release', hash, name, reason })
      output.problem(new MayflyError('ERR_UNAVAILABLE', `No longer holding ${name}: ${reason}`))
      if (isAllHeld && holding.size === 0) nothingLeft.abort()
    },
  })
  const network = reportNetwork(output, peer)
  try {
    await startJoined(peer, { join, timeoutMs, signal })
    const reports: Promise<void>[] = []
    for (const input of inputs) {
      const held = await holding.add(input)
      if (!input.hasOwnLinks) output.remark(`${input.name}: ${input.files.length} files, which are found through this link only`)
      const { promise: printed, resolve } = Promise.withResolvers<void>()
      const onFindable = () => {
        printLink(output, input, held, network.answeringFirst(join))
        network.printEvents()
        resolve()
      }
      const label = inputs.length > 1 ? input.name : undefined
      reports.push(reportHolders(peer, output, { key: held.key, onFindable, label, signal: ended }))
      await printed
    }
    isAllHeld = true
    if (holding.size === 0) return EXIT.failed
    await Promise.all(reports)
    return nothingLeft.signal.aborted ? EXIT.failed : EXIT.done
  } finally {
    holding.end()
    await stopSoon(peer)
    await closeInputs(inputs)
  }
}

function printLink(output: Output, { name, isFolder, files }: HoldInput, held: HeldInput, join: string[]): void {
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

function reportNetwork(output: Output, peer: Peer) {
  const failed = new Set<string>()
  let isPrinting = false
  reportClock(peer, output)
  peer.onEvent((event) => {
    const words = describeNetworkEvent(event)
    if (event.type === 'join-failed') failed.add(event.address)
    if (words === undefined) return
    output.remark(words)
    if (isPrinting) output.event(event)
  })
  return {
    /** From now on, JSON events may come between the results. */
    printEvents: () => {
      isPrinting = true
    },
    /** Sorts the addresses, those that did not answer last: a link to one of them would lead nowhere. */
    answeringFirst: (join: string[]) => join.toSorted((a, b) => Number(failed.has(a)) - Number(failed.has(b))),
  }
}

interface HolderReportOptions {
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

/** Reports when others can find content that this process holds, and each change of its number of holders. Resolves at the signal. */
async function reportHolders(peer: Peer, output: Output, { key, label, onFindable, signal }: HolderReportOptions): Promise<void> {
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
