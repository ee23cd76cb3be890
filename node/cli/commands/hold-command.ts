/** `mayfly hold`: this process holds files and folders until it is asked to stop. */

import { once } from 'node:events'
import { createPeer, encodeKeyHex, type Key, MAX_BUNDLE_ENTRIES, MayflyError, type Peer } from '../../index.ts'
import { originOfAddress } from '../../network/addresses.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from '../fetch/joined-peer.ts'
import { findSharedOrigins } from '../fetch/shared-origins.ts'
import { closeInputs, giveLeases, type HoldInput, MAX_HELD_BYTES, openInputs } from '../hold/hold-input.ts'
import { createHolding, type HeldInput, linkOf } from '../hold/holding.ts'
import { describeHeld, describeInput } from '../hold/input-sentences.ts'
import type { Output } from '../print/output.ts'

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
  const limits = {
    maxHeldContents: MAX_CONTENTS,
    maxHeldBytes: MAX_HELD_BYTES,
    ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }),
  }
  const peer = await createPeer({ role: 'tab', join, limits, createHasher: createNativeHasher })
  const { skipHidden, skipOdd } = configuration
  const rules = { task: 'hold', maxFiles: MAX_BUNDLE_ENTRIES, skipHidden, skipOdd } as const
  const peerLimits = peer.status().limits
  const inputs = await openInputs(paths, { stdin, limits: peerLimits, rules, signal })
  giveLeases(inputs, peerLimits.maxLeasesPerPeer)
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
  let origins = new Map<string, string>()
  const links = createLinks(output, peer, { join, shared: (origin) => origins.get(origin) ?? origin })
  reportNetwork(output, peer, links)
  try {
    await startJoined(peer, { join, timeoutMs, signal })
    origins = await findSharedOrigins(join, { signal })
    const reports: Promise<void>[] = []
    for (const input of inputs) {
      const held = await holding.add(input)
      for (const fact of describeInput(input)) output.remark(fact)
      const { promise: printed, resolve } = Promise.withResolvers<void>()
      const onFindable = () => {
        links.print(input, held)
        resolve()
      }
      const label = inputs.length > 1 ? input.name : undefined
      reports.push(reportHolders(peer, output, { key: held.key, onFindable, label, signal: ended }))
      await printed
    }
    isAllHeld = true
    output.remark(
      `${inputs.length > 1 ? 'Each link works' : 'The link works'} while this command runs, or somebody else holds it, too. Ctrl-C ends it here`,
    )
    if (holding.size === 0) return EXIT.failed
    await Promise.all(reports)
    return nothingLeft.signal.aborted ? EXIT.failed : EXIT.done
  } finally {
    holding.end()
    await stopSoon(peer)
    await closeInputs(inputs)
  }
}

/** How links begin: at a gateway, and for one that is joined at a name of this machine, at the origin where others reach it. */
interface LinkOrigins {
  join: string[]
  shared(origin: string): string
}

/** Prints a link for each input, and all of them anew when the peer is with another gateway: the first may be gone for good. */
function createLinks(output: Output, peer: Peer, { join, shared }: LinkOrigins) {
  /** In the order of the paths. Bounded: the paths. */
  const printed: { input: HoldInput; held: HeldInput }[] = []
  const elsewhere = join.map(originOfAddress).find((candidate) => candidate !== undefined)
  let origin: string | undefined
  const shownOrigin = () => (origin === undefined ? undefined : shared(origin))

  return {
    /** JSON events may come between the results once this is true. */
    get hasPrinted() {
      return printed.length > 0
    },
    print(input: HoldInput, held: HeldInput): void {
      const { key, outline, size } = held
      const { name, files, folder } = input
      if (printed.length === 0) origin = peer.status().homeOrigin ?? elsewhere
      printed.push({ input, held })
      const url = linkOf(shownOrigin(), held)
      output.result(url, {
        hash: encodeKeyHex(key),
        url,
        size,
        name,
        ...(outline && { outline: encodeKeyHex(outline) }),
        ...(folder && { ...folder, files: files.length }),
      })
    },
    /** The peer has a home. */
    follow(): void {
      const { homeOrigin: gateway } = peer.status()
      if (gateway === undefined || gateway === origin || printed.length === 0) return
      origin = gateway
      output.remark(`Through ${gateway} now, where the link is:`)
      for (const { input, held } of printed) {
        const url = linkOf(shownOrigin(), held)
        output.result(url, { type: 'link', hash: encodeKeyHex(held.key), url, name: input.name })
      }
    },
  }
}

function reportNetwork(output: Output, peer: Peer, links: ReturnType<typeof createLinks>): void {
  reportClock(peer, output)
  peer.onEvent((event) => {
    const words = describeNetworkEvent(event)
    if (words === undefined) return
    output.remark(words)
    if (links.hasPrinted) output.event(event)
    if (event.type === 'joined') links.follow()
  })
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
      output.remark(label === undefined ? describeHeld(holders) : `${label}: ${describeHeld(holders)}`)
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
