/**
 * The delegated routing API: the holders of a key, in the form of IPFS.
 *
 * @see https://specs.ipfs.tech/routing/http-routing-v1/
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { type Holder, type Key, keyOfBlock, type Peer, parseCid } from '../../node/index.ts'
import { streamBody } from '../http/body-stream.ts'
import { namesType } from '../http/media-range.ts'
import { problemError } from '../http/problem.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest, SearchContext } from '../types.ts'
import { createProviderFilter, type PeerRecord } from './provider-filter.ts'

const NDJSON = 'application/x-ndjson'
/** Says that the node's HTTP port serves raw blocks. */
const GATEWAY_PROTOCOL = 'transport-ipfs-gateway-http'

/**
 * Answers `GET /routing/v1/providers/<cid>` with a list, or with `Accept: application/x-ndjson` with each record as it is found. The first
 * record is awaited, so that a search that cannot be made has its status; one that fails later ends the list. No provider is an empty list.
 *
 * @see https://specs.ipfs.tech/ipips/ipip-0513/
 */
export async function answerProviders(
  { peer, limits, rate, firstJoin, closing }: Omit<SearchContext, 'open'>,
  cidText: string,
  incoming: GatewayRequest,
): Promise<Response> {
  const { request, query, client } = incoming
  const key = decodeProvidedCid(cidText)
  rate.take(client.address)
  const enough = new AbortController()
  const gone = AbortSignal.any([enough.signal, request.signal, closing])
  await firstJoin(gone)
  const signal = AbortSignal.any([gone, timeoutSignal(limits.searchTimeoutMs)])
  const search = key === undefined ? noRecords() : findRecords(peer, key, createProviderFilter(query), limits.maxProviders, signal)
  const records = restOf(search, await search.next(), () => enough.abort())
  if (namesType(request.headers.get('accept'), NDJSON) && request.method === 'GET') {
    const lines = async function* () {
      for await (const record of records) yield `${JSON.stringify(record)}\n`
    }
    return new Response(streamBody(lines, { onEnd: () => enough.abort() }), { headers: dataHeaders(NDJSON) })
  }
  const providers: PeerRecord[] = []
  for await (const record of records) providers.push(record)
  return new Response(`${JSON.stringify({ Providers: providers })}\n`, { headers: dataHeaders('application/json') })
}

/** Yields each home once that passes the filter, up to the limit. */
async function* findRecords(
  peer: Peer,
  key: Key,
  filter: ReturnType<typeof createProviderFilter>,
  maxProviders: number,
  signal: AbortSignal,
): AsyncGenerator<PeerRecord> {
  const seen = new Set<string>()
  let found = 0
  for await (const holder of peer.rendezvous.find(key, { signal })) {
    if (seen.has(holder.home)) continue
    seen.add(holder.home)
    const record = filter(peerRecord(holder))
    if (record === null) continue
    yield record
    if (++found >= maxProviders) return
  }
}

async function* noRecords(): AsyncGenerator<PeerRecord> {}

/** The status has been decided with the first record: a search that fails after it can only end the list. */
async function* restOf(
  search: AsyncGenerator<PeerRecord>,
  first: IteratorResult<PeerRecord>,
  onEnd: () => void,
): AsyncGenerator<PeerRecord> {
  try {
    for (let next = first; next.done !== true; next = await search.next()) yield next.value
  } catch {
  } finally {
    onEnd()
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
  const match = /^(\/[^/]+\/[^/]+\/tcp\/\d+)\/(?:(ws)|wss|(tls(?:\/sni\/[^/]+)?)\/ws)$/.exec(address)
  if (match === null) return null
  const [, endpoint, plain, tls = 'tls'] = match
  return plain === undefined ? `${endpoint}/${tls}/http` : `${endpoint}/http`
}

/**
 * Undefined for a CID of another hash, which nobody can provide here.
 *
 * @throws {ProblemError} 422, for a text that is no CID
 */
function decodeProvidedCid(text: string): Key | undefined {
  try {
    return keyOfBlock(parseCid(text))
  } catch {
    throw problemError(422, 'ERR_BAD_KEY', 'That is not a CID.')
  }
}

function dataHeaders(type: string): Record<string, string> {
  return { ...PUBLIC_DATA_HEADERS, 'content-type': type, vary: 'Accept' }
}
