/** Where to join: turns a gateway's URL or a multiaddr into multiaddrs that can be dialled. */

import { peerIdFromString } from '@libp2p/peer-id'
import { isPrivateIp } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { raceAbort } from '../async/abort.ts'
import { MayflyError } from '../errors.ts'
import type { AbortOptions } from '../types.ts'
import { hostOfMultiaddr, multiaddrOfUrl, originOfAddress, withPeerId } from './addresses.ts'

/** Longer answers than this are no gateway's. */
const MAX_STATUS_BYTES = 262_144
/** Addresses of one gateway that are tried, beside its URL. */
const MAX_ANNOUNCED = 8
/** An origin as a browser sends it. The gateway's word for this page's is shown to people. */
const ORIGIN = /^[\w.:/[\]-]{1,300}$/
/** Statuses of a gateway that has no room for a websocket now. Any other answer in place of a websocket is a proxy's, or one that a proxy caused. */
const FULL: ReadonlySet<string> = new Set(['429', '503'])

/** @throws {MayflyError} ERR_BAD_OPTION when it is neither a URL nor a multiaddr */
export function checkJoinAddress(address: string): void {
  if (address.startsWith('/')) return void parseMultiaddr(address)
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new MayflyError(
      'ERR_BAD_OPTION',
      `Cannot join ${JSON.stringify(address)}: expected a gateway's URL (http://host:port) or a multiaddr (/ip4/…)`,
    )
  }
}

function parseMultiaddr(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (cause) {
    throw new MayflyError('ERR_BAD_OPTION', `Cannot join ${JSON.stringify(address)}: not a multiaddr`, { cause })
  }
}

/** Questions to gateways ahead of joining, by origin. Bounded: each is used once, or forgotten. */
const askedEarly = new Map<string, Promise<Response>>()
const EARLY_MS = 5_000

/** Asks a gateway who it is while the code that joins it is still being loaded. The next join within some seconds uses the answer. */
export function askGatewayEarly(address: string): void {
  if (!URL.canParse(address)) return
  const { origin } = new URL(address)
  if (askedEarly.has(origin)) return
  const asking = askStatus(address)
  asking.catch(() => {}) // the join asks again
  askedEarly.set(origin, asking)
  const timer = setTimeout(() => askedEarly.delete(origin), EARLY_MS)
  ;(timer as { unref?(): void }).unref?.()
}

/** Undefined where nothing was asked, or there was no good answer. */
async function takeEarly({ origin }: URL): Promise<Response | undefined> {
  const asked = askedEarly.get(origin)
  askedEarly.delete(origin)
  const response = await asked?.catch(() => undefined)
  return response?.ok ? response : undefined
}

const askStatus = (address: string | URL, signal?: AbortSignal) =>
  fetch(new URL('/api/v1/status', address), { headers: { accept: 'application/json' }, ...(signal && { signal }) })

/**
 * A gateway says who it is at `/api/v1/status`. Its own URL is dialled, and what it announces to everybody: an address of this machine or of a
 * private network would hide from whoever happens to be there that a proxy in front of the gateway passes no websockets on.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, ERR_NO_NETWORK when the gateway does not answer, ERR_ORIGIN when it refuses this page
 * @throws signal.reason, when aborted
 */
export async function findJoinAddresses(address: string, { signal }: AbortOptions = {}): Promise<Multiaddr[]> {
  checkJoinAddress(address)
  if (address.startsWith('/')) return [parseMultiaddr(address)]
  const url = new URL(address)
  let status: { id?: unknown; addresses?: unknown; refusedOrigin?: unknown } | null
  try {
    const response = (await raceAbort(takeEarly(url), signal)) ?? (await askStatus(url, signal))
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    status = JSON.parse(await readText(response))
  } catch (cause) {
    signal?.throwIfAborted()
    throw new MayflyError('ERR_NO_NETWORK', `Cannot join ${url.origin}: ${reasonOf(cause)}`, { cause })
  }
  if (typeof status?.id !== 'string')
    throw new MayflyError('ERR_NO_NETWORK', `Cannot join ${url.origin}: what answers there is no mayfly gateway`)
  if (typeof status.refusedOrigin === 'string') {
    const origin = ORIGIN.test(status.refusedOrigin) ? status.refusedOrigin : 'this origin'
    const words = `it lets no page of ${origin} in. Its operator can allow it: mayfly start --allow-origin ${origin}`
    throw new MayflyError('ERR_ORIGIN', `Cannot join ${url.origin}: ${words}`)
  }
  const addresses = Array.isArray(status.addresses) ? status.addresses.filter((text) => typeof text === 'string') : []
  try {
    const peer = peerIdFromString(status.id).toString()
    const announced = addresses.slice(0, MAX_ANNOUNCED).map((text) => multiaddr(text))
    return [withPeerId(multiaddrOfUrl(url), peer), ...announced.filter((each) => isPrivateIp(hostOfMultiaddr(each) ?? '') !== true)]
  } catch (cause) {
    throw new MayflyError('ERR_NO_NETWORK', `Cannot join ${url.origin}: its peer id or an address cannot be read`, {
      cause,
    })
  }
}

/**
 * Why a dial failed. The websockets of browsers and of Node.js tell nothing; that the gateway answers requests then tells that it is there.
 *
 * @throws signal.reason, when aborted
 */
export async function explainDialFailure(address: string, error: unknown, options?: AbortOptions): Promise<MayflyError> {
  const reasons = new Set<string>()
  for (const each of error instanceof AggregateError ? error.errors : [error]) {
    const status = each instanceof Error ? /^Unexpected server response: (\d+)$/.exec(each.message)?.[1] : ''
    if (status === undefined) reasons.add(reasonOf(each))
    else if (FULL.has(status)) reasons.add(`it has no room for a websocket now (${status})`)
    else reasons.add('no websocket opens there: a proxy in front of it has to pass websockets on')
    const origin = status === '' && address.startsWith('/') ? originOfAddress(address) : undefined
    const absence = origin && (await findJoinAddresses(origin, options).catch((reason) => reason))
    if (absence instanceof MayflyError) return absence
  }
  return new MayflyError('ERR_NO_NETWORK', `Cannot join ${address}: ${[...reasons].join('; ')}`, { cause: error })
}

/** The body, given up as soon as it is longer than a status can be. */
async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      size += part.value.byteLength
      if (size > MAX_STATUS_BYTES) throw new Error('its status is too long')
      text += decoder.decode(part.value, { stream: true })
    }
  } finally {
    await reader?.cancel()
  }
  return text + decoder.decode()
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause as { code?: string; message?: string } | undefined
  return cause?.code ?? cause?.message ?? error.message
}
