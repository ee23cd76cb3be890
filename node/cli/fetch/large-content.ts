/**
 * Large content over HTTP from the gateway that a command asks, where it holds the content, or one of its tabs does: each piece is checked by the
 * outline that the link names, and the whole by its hash. The overlay, whose code takes longer to load than most content takes to come, is entered
 * only when that gateway gives nothing more, or when the content takes long enough that other holders are worth asking, too. Where the overlay
 * cannot be entered, or has no piece, the gateway is asked on.
 */

import { abortable, createTimeout, raceAbort } from '../../async/abort.ts'
import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { freeBytes } from '../../async/free-memory.ts'
import { TIMERS, type Timers } from '../../async/timers.ts'
import { decodeOutline, MAX_OUTLINE_BYTES, type OutlinedContent, pieceHash, pieceSize } from '../../content/format/outline.ts'
import { openOutlined } from '../../content/outlined-reading.ts'
import { outlinePath } from '../../content/protocol/piece-request.ts'
import type { Key, OpenedContent, OpenOptions } from '../../index.ts'
import { equalBytes, sha256 } from '../../keys/index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { createGatewayClient } from './gateway-client.ts'
import { readAll } from './gateway-request.ts'
import type { NetworkClient } from './network-client.ts'

/** How long a reader waits for pieces of the gateway alone, in ms, all in all: on one line a second holder gives no more than the first. */
const ALONE_MS = 2_000
/** How long the gateway may send nothing, in ms: as long as a holder in the overlay. */
const STALL_MS = 5_000
/** How long the question for the outline may take, in ms: gateways that are slow to say that they hold nothing cost this at most. */
const OUTLINE_MS = 2_000
/** Waits before the gateway is asked again for a piece that it did not give. */
const AGAIN = { firstMs: 250, maxMs: 5_000 } as const
/** How often the gateway is asked for a piece before the overlay is entered, and before the piece is given up where the overlay has failed, too. */
const ASKED_ALONE = 2
const ASKED_IN_ALL = 3

interface LargeContentContext {
  /** Of gateways, which are asked side by side. */
  origins: readonly string[]
  joinOverlay(): Promise<Pick<NetworkClient, 'open'>>
  /** The process's own when left out. */
  timers?: Timers
}

type LargeOptions = OpenOptions & { outline: Key }

/**
 * Opens content from the gateway that is the first to give its outline, and in the overlay where none does.
 *
 * @throws {MayflyError} as `NetworkClient.open`
 * @throws signal.reason, when aborted
 */
export async function openLarge(key: Key, options: LargeOptions, context: LargeContentContext): Promise<OpenedContent> {
  const { outline: expected, bundle } = options
  const { origins, joinOverlay, timers = TIMERS } = context
  const openInOverlay = async () => (await joinOverlay()).open(key, options)
  const found = await findAmong(origins, key, options)
  if (found === undefined) return openInOverlay()
  const { origin, content } = found
  return openOutlined(content, {
    ...{ expected, bundle, from: origin, createHasher: createNativeHasher },
    free: freeBytes,
    getPiece: createGetPiece(createGatewayPieces(origin, content, bundle), content, openInOverlay, timers),
    isProven: () => false,
    onProven: () => {},
    onLie: () => {},
  })
}

interface FoundContent {
  origin: string
  content: OutlinedContent
}

/**
 * Undefined where no gateway gives the outline in time: none holds the content, can be reached, or is of a version that gives outlines.
 *
 * @throws signal.reason, when aborted
 */
async function findAmong(
  origins: readonly string[],
  key: Key,
  { outline, bundle, signal }: LargeOptions,
): Promise<FoundContent | undefined> {
  const path = outlinePath({ key, outline, ...(bundle && { bundle }) })
  const late = createTimeout(OUTLINE_MS)
  const over = new AbortController()
  const abort = { signal: AbortSignal.any([late.signal, over.signal, ...(signal ? [signal] : [])]) }
  const askOne = async (origin: string): Promise<FoundContent> => {
    const outlineBytes = await createGatewayClient(origin).bytes(path, outline, MAX_OUTLINE_BYTES, abort)
    return { origin, content: { key, outline: decodeOutline(outlineBytes), outlineBytes, outlineHash: outline } }
  }
  try {
    return await Promise.any(origins.map(askOne))
  } catch {
    signal?.throwIfAborted()
    return undefined
  } finally {
    late.end()
    over.abort()
  }
}

type GatewayPieces = ReturnType<typeof createGatewayPieces>

function createGatewayPieces(origin: string, { key, outline, outlineHash }: OutlinedContent, bundle: Key | undefined) {
  const fetchPiece = createHttpPieces()
  let hasLied = false
  return {
    /** Undefined when the gateway gives none, or a wrong one. @throws signal.reason, when aborted */
    async get(index: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
      const place = { index, offset: index * outline.pieceBytes, size: pieceSize(outline, index) }
      const wanted = { key, outline: outlineHash, ...place, ...(bundle && { bundle }) }
      const bytes = await fetchPiece(origin, wanted, { signal, stallMs: STALL_MS, from: 'node' })
      if (bytes === undefined) return undefined
      if (equalBytes(await sha256(bytes), pieceHash(outline, index))) return bytes
      hasLied = true
      return undefined
    },
    /** It has given wrong bytes, and is asked for nothing more. */
    get hasLied() {
      return hasLied
    },
  }
}

/** Calls once somebody has waited so long, all in all. The time in which nobody waits, as of a reader that has paused, does not count. */
function createWaitLimit(limitMs: number, onOver: () => void, timers: Timers) {
  let waiting = 0
  let leftMs: number | undefined = limitMs
  let sinceMs = 0
  let endTimer = () => {}
  return async <T>(wait: () => Promise<T>): Promise<T> => {
    if (waiting++ === 0 && leftMs !== undefined) {
      sinceMs = timers.now()
      endTimer = timers.after(leftMs, () => {
        leftMs = undefined
        onOver()
      })
    }
    try {
      return await wait()
    } finally {
      if (--waiting === 0 && leftMs !== undefined) {
        endTimer()
        leftMs = Math.max(0, leftMs - (timers.now() - sinceMs))
      }
    }
  }
}

function createGetPiece(
  gateway: GatewayPieces,
  { outline }: Pick<OutlinedContent, 'outline'>,
  openInOverlay: () => Promise<OpenedContent>,
  timers: Timers,
) {
  let entering: Promise<OpenedContent> | undefined
  /** Asked first from then on, since the gateway is one of its holders; undefined again when it has failed to give a piece. */
  let overlay: OpenedContent | undefined

  function enter(): Promise<OpenedContent> {
    if (entering !== undefined) return entering
    const begun = openInOverlay()
    entering = begun
    begun.then(
      (content) => {
        overlay = content
      },
      () => {
        entering = undefined // a later piece tries again
      },
    )
    return begun
  }

  /** @throws what entering and reading throw */
  async function fromOverlay(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const content = overlay ?? (await raceAbort(enter(), signal))
    const part = { offset: index * outline.pieceBytes, length: pieceSize(outline, index) }
    try {
      return await readAll(content.read(part, { signal }), outline.pieceBytes)
    } catch (error) {
      if (overlay === content && !signal.aborted) {
        overlay = undefined
        entering = undefined
      }
      throw error
    }
  }

  /** Resolves once the overlay has been entered, or after the time; with the reason when it could not be entered. */
  function untilEntered(mostMs: number, signal: AbortSignal): Promise<{ error: unknown } | undefined> {
    return abortable(signal, (resolve) => {
      enter().then(
        () => resolve(undefined),
        (error) => resolve({ error }),
      )
      return timers.after(mostMs, () => resolve(undefined))
    })
  }

  /** Asks the gateway again while the overlay is being entered. A piece is given up when both have failed to give it. */
  async function get(index: number, signal: AbortSignal): Promise<Uint8Array> {
    const waits = createBackoff(AGAIN, Math.random)
    /** Of the overlay. */
    let failure: { error: unknown } | undefined
    for (let asked = 1; ; asked++) {
      if (failure === undefined && (overlay !== undefined || gateway.hasLied)) {
        try {
          return await fromOverlay(index, signal)
        } catch (error) {
          signal.throwIfAborted()
          failure = { error }
        }
      }
      if (failure !== undefined && gateway.hasLied) throw failure.error
      const bytes = await gateway.get(index, signal)
      if (bytes !== undefined) return bytes
      if (gateway.hasLied) continue
      if (failure !== undefined && asked >= ASKED_IN_ALL) throw failure.error
      const waitMs = waits.next()
      if (failure !== undefined || asked < ASKED_ALONE) await delay(waitMs, { signal }, timers)
      else failure = await untilEntered(waitMs, signal)
    }
  }

  const withinLimit = createWaitLimit(ALONE_MS, () => void enter(), timers)
  return (index: number, signal: AbortSignal) => withinLimit(() => get(index, signal))
}
