/** Posts signed messages through gateways, without a peer. Their answers are a stranger's: the sender checks what they say. */

import { raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { GuestPosted } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { type PostingGateway, refusalReasonOf } from '../../messages/lone-sender.ts'
import { CLOCK_DEFAULTS } from '../../network/clock.ts'
import { readJson, requestGateway } from './gateway-request.ts'

export interface GatewayPosts extends PostingGateway {
  /** Largest message that the first of them takes, in bytes of its body. */
  readonly maxMessageBytes: number
}

/** A gateway that has said that it is in the network, and takes signed messages. */
interface Entrance {
  origin: string
  maxMessageBytes: number
  /** How far this machine's clock is ahead of it, in ms. */
  aheadMs: number
}

const PATH = '/api/v1/envelopes'
/** Statements of receivers that are read of one answer, as many as a tab's home passes on. */
const MAX_STATEMENTS = 64
/** How long a gateway may take for an answer, in ms. It waits 2 s for its network, and 5 s for receivers, or 4 s for a public key. */
const POST_MS = 8_000
const KEY_MS = 7_000
/** Clocks this near to each other pass for the same, in ms: an answer takes a while. */
const SAME_CLOCK_MS = 2_000

/**
 * The first gateway that is in the network is asked; those after it when it cannot be reached any more, or has lost the network. Resolves with
 * undefined when there is none: a peer tries longer, and says why.
 *
 * @throws signal.reason, when aborted
 */
export async function openGatewayPosts(
  origins: readonly string[],
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<GatewayPosts | undefined> {
  const untried = [...origins]
  let opening: Promise<Entrance | undefined> | undefined

  async function openNext(): Promise<Entrance | undefined> {
    for (let origin = untried.shift(); origin !== undefined; origin = untried.shift()) {
      const entrance = await readTerms(origin, options)
      if (entrance !== undefined) return entrance
    }
    return undefined
  }

  const first = await openNext()
  if (first === undefined) return undefined
  let current = first

  /** Resolves with true when another gateway is asked from now on. */
  async function leave(entrance: Entrance, signal: AbortSignal): Promise<boolean> {
    if (entrance !== current) return true
    // The one that is found counts for the next message as well, though this one is given up.
    opening ??= openNext().then((next) => {
      opening = undefined
      current = next ?? current
      return next
    })
    return (await raceAbort(opening, signal)) !== undefined
  }

  async function askAny<T>(ask: (origin: string) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const asked = current
      try {
        return await ask(asked.origin)
      } catch (error) {
        signal.throwIfAborted()
        const isBusy = error instanceof MayflyError && error.code === 'ERR_LIMIT'
        if (isBusy || !(await leave(asked, signal))) throw error
      }
    }
  }

  return {
    maxMessageBytes: first.maxMessageBytes,
    now: () => Date.now() - current.aheadMs,
    post: (body, { signal }) =>
      askAny(async (origin) => {
        const posted = readPosted(origin, await askJson(origin, PATH, { signal, body, timeoutMs: POST_MS }))
        const isUnsent = posted.refusal?.reason === 'no-network' && posted.taps === 0 && posted.nodes === 0
        if (isUnsent) throw new MayflyError('ERR_NO_NETWORK', `Cannot send through ${origin}: it is not connected to the network now`)
        return posted
      }, signal),
    findPublicKey: (end, { signal }) =>
      askAny(async (origin) => {
        const { publicKey } = await askJson(origin, `/api/v1/public-keys/${encodeKeyHex(end)}`, { signal, timeoutMs: KEY_MS })
        if (publicKey === null) return undefined
        if (typeof publicKey === 'string') return Buffer.from(publicKey, 'base64')
        throw unreadable(origin)
      }, signal),
  }
}

/** Undefined when the gateway cannot be reached, is not in the network, is of an older version, or tells a time that no peer would believe. */
async function readTerms(origin: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<Entrance | undefined> {
  const terms = await askJson(origin, PATH, options).catch(() => undefined)
  options.signal.throwIfAborted()
  const { maxMessageBytes, nowMs, joined } = terms ?? {}
  if (!isCount(maxMessageBytes) || !isCount(nowMs) || joined !== true) return undefined
  const aheadMs = Date.now() - nowMs
  if (Math.abs(aheadMs) > CLOCK_DEFAULTS.maxCorrectionMs) return undefined
  return { origin, maxMessageBytes, aheadMs: Math.abs(aheadMs) < SAME_CLOCK_MS ? 0 : aheadMs }
}

interface Asked {
  signal: AbortSignal
  timeoutMs: number
  body?: Uint8Array
}

async function askJson(origin: string, path: string, asked: Asked): Promise<Record<string, unknown>> {
  return (await readJson(await requestGateway({ origin, path, accept: 'application/json', ...asked }))) ?? {}
}

const unreadable = (origin: string) => new MayflyError('ERR_NO_NETWORK', `Cannot read what ${origin} answered`)

/** @throws {MayflyError} ERR_NO_NETWORK, for an answer of another form */
function readPosted(origin: string, { taps, keepers, nodes, untilMs, refusal, receipts, declines }: Record<string, unknown>): GuestPosted {
  if (!isCount(taps) || !isCount(keepers) || !isCount(nodes) || !isCount(untilMs)) throw unreadable(origin)
  const statements = { receipts: readStatements(receipts), declines: readStatements(declines) }
  return { taps, keepers, nodes, untilMs, refusal: readRefusal(refusal), ...statements }
}

function readRefusal(value: unknown): GuestPosted['refusal'] {
  const { reason, retryAfterMs } = (value ?? {}) as Record<string, unknown>
  const known = refusalReasonOf(reason)
  return known && { reason: known, retryAfterMs: isCount(retryAfterMs) ? retryAfterMs : 0 }
}

function readStatements(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) return []
  return value
    .slice(0, MAX_STATEMENTS)
    .flatMap((each: unknown) => (typeof each === 'string' ? [new Uint8Array(Buffer.from(each, 'base64'))] : []))
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
