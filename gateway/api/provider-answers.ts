/**
 * The delegated routing API: the holders of a key, in the form of IPFS.
 *
 * @see https://specs.ipfs.tech/routing/http-routing-v1/
 */

import { CID } from 'multiformats/cid'
import { decodeKeyCid, type Holder, type Key, type Peer } from '../../node/index.ts'
import { streamBody } from '../http/body-stream.ts'
import { namesType } from '../http/media-range.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest, SearchContext } from '../types.ts'

/** The `peer` schema. Tabs cannot be dialled, so a record names their home. */
interface PeerRecord {
  Schema: 'peer'
  ID: string
  Addrs: string[]
  Protocols: string[]
}

const NDJSON = 'application/x-ndjson'
/** Says that the node's HTTP port serves raw blocks. */
const GATEWAY_PROTOCOL = 'transport-ipfs-gateway-http'

/** Answers `GET /routing/v1/providers/<cid>` with a list, or with `Accept: application/x-ndjson` with each record as it is found. */
export async function answerProviders(
  { peer, limits, rate, closing }: Omit<SearchContext, 'open'>,
  cidText: string,
  incoming: GatewayRequest,
): Promise<Response> {
  const key = decodeProvidedCid(cidText)
  rate.take(incoming.client.address)
  const enough = new AbortController()
  const signal = AbortSignal.any([enough.signal, incoming.request.signal, closing, AbortSignal.timeout(limits.searchTimeoutMs)])
  const records = findRecords(peer, key, limits.maxProviders, signal)
  const first = await records.next()
  if (first.done === true) throw nobody()
  if (namesType(incoming.request.headers.get('accept'), NDJSON) && incoming.request.method === 'GET') {
    return new Response(streamLines(first.value, records, enough), { headers: dataHeaders(NDJSON) })
  }
  const providers = [first.value]
  try {
    for await (const record of records) providers.push(record)
  } finally {
    enough.abort()
  }
  return new Response(
    `${JSON.stringify({ Providers: providers })}
`,
    { headers: dataHeaders('application/json') },
  )
}

/** Yields each home once, up to the limit. */
async function* findRecords(peer: Peer, key: Key, maxProviders: number, signal: AbortSignal): AsyncGenerator<PeerRecord> {
  const seen = new Set<string>()
  for await (const holder of peer.rendezvous.find(key, { signal })) {
    if (seen.has(holder.home)) continue
    seen.add(holder.home)
    yield peerRecord(holder)
    if (seen.size >= maxProviders) return
  }
}

function peerRecord(holder: Holder): PeerRecord {
  const suffix = `/p2p/${holder.home}`
  const addresses = holder.addresses.map((address) => (address.endsWith(suffix) ? address.slice(0, -suffix.length) : address))
  const gateways = holder.signed ? addresses.map(gatewayAddress).filter((address) => address !== null) : []
  return {
    Schema: 'peer',
    ID: holder.home,
    Addrs: [...addresses, ...gateways],
    Protocols: gateways.length === 0 ? [] : [GATEWAY_PROTOCOL],
  }
}

/** The HTTP address of a node, which shares the port of its websocket address. Null for other transports. */
function gatewayAddress(address: string): string | null {
  const match = /^(\/[^/]+\/[^/]+\/tcp\/\d+)\/(ws|wss|tls\/ws|tls\/sni\/[^/]+\/ws)$/.exec(address)
  if (match === null) return null
  const [, endpoint = '', transport] = match
  return endpoint + (transport === 'ws' ? '/http' : '/tls/http')
}

/** @throws {ProblemError} 422 for a text that is no CID; 404 for a CID of another kind, which has no provider here */
function decodeProvidedCid(text: string): Key {
  try {
    CID.parse(text)
  } catch {
    throw problemError(422, 'ERR_BAD_KEY', 'That is not a CID.')
  }
  try {
    return decodeKeyCid(text)
  } catch {
    throw nobody()
  }
}

function nobody(): ProblemError {
  return problemError(404, 'ERR_NO_HOLDER', 'Nobody provides that now.')
}

/** Each record as a line of JSON, when it is found. */
function streamLines(first: PeerRecord, rest: AsyncGenerator<PeerRecord>, enough: AbortController): ReadableStream<Uint8Array> {
  const read = async function* () {
    yield `${JSON.stringify(first)}\n`
    try {
      for await (const record of rest) yield `${JSON.stringify(record)}\n`
    } catch {
      // The status has been sent: a search that fails now can only end the list.
    }
  }
  return streamBody(read, { onEnd: () => enough.abort() })
}

function dataHeaders(type: string): Record<string, string> {
  return { ...PUBLIC_DATA_HEADERS, 'content-type': type, vary: 'Accept' }
}
