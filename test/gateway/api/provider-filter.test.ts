/** IPIP-0484, by the rules of its text and the cases of boxo, which serves most public routers. */

import { expect, test } from 'vitest'
import { createProviderFilter, type PeerRecord } from '../../../gateway/api/provider-filter.ts'

const IP4 = '/ip4/192.0.2.7/tcp/4001'
const QUIC = '/ip6/2001:db8::7/udp/4001/quic-v1'
const SECURE = '/dns4/holder.example/tcp/443/tls/ws'
const CONFUSING = '/dns4/tcp/udp/443/quic-v1' // a host by the name of a protocol
const GATEWAY = 'transport-ipfs-gateway-http'

const provider = (Addrs: string[], Protocols: string[] = []): PeerRecord => ({ Schema: 'peer', ID: 'x', Addrs, Protocols })
const filtered = (query: string, record: PeerRecord) => createProviderFilter(new URLSearchParams(query))(record)

test.each<[query: string, addresses: string[] | null]>([
  ['', [IP4, QUIC, SECURE, CONFUSING]],
  ['filter-addrs=', [IP4, QUIC, SECURE, CONFUSING]],
  ['filter-addrs=tcp', [IP4, SECURE]],
  ['filter-addrs=TLS', [SECURE]],
  ['filter-addrs=tls,ip6', [QUIC, SECURE]],
  ['filter-addrs=tls%2Cip6', [QUIC, SECURE]],
  ['filter-addrs=tls&filter-addrs=ip6', [QUIC, SECURE]],
  ['filter-addrs=!ip6', [IP4, SECURE, CONFUSING]],
  ['filter-addrs=!ip6,!quic-v1', [IP4, SECURE]],
  ['filter-addrs=tcp,!tls', [IP4]],
  ['filter-addrs=webrtc-direct', null],
  ['filter-addrs=unknown', null],
  ['filter-addrs=unknown,tls', [SECURE]],
])('provider filter: %j leaves of four addresses %j', (query, addresses) => {
  const record = filtered(query, provider([IP4, QUIC, SECURE, CONFUSING]))
  expect(record?.Addrs ?? null).toEqual(addresses)
})

test('provider filter: a provider without an address passes when unknown ones are wanted, or no filter is set', () => {
  for (const query of ['', 'filter-addrs=unknown', 'filter-addrs=tls,unknown']) expect(filtered(query, provider([]))).not.toBeNull()
  for (const query of ['filter-addrs=tls', 'filter-addrs=!ip6']) expect(filtered(query, provider([]))).toBeNull()
})

test.each<[query: string, known: boolean, unknown: boolean]>([
  ['', true, true],
  [`filter-protocols=${GATEWAY}`, true, false],
  [`filter-protocols=transport-bitswap,${GATEWAY.toUpperCase()}`, true, false],
  ['filter-protocols=transport-bitswap', false, false],
  ['filter-protocols=unknown', false, true],
  [`filter-protocols=unknown,transport-bitswap,${GATEWAY}`, true, true],
])('provider filter: %j takes a gateway: %j, a provider of unknown protocols: %j', (query, known, unknown) => {
  expect(filtered(query, provider([IP4], [GATEWAY])) !== null).toBe(known)
  expect(filtered(query, provider([IP4])) !== null).toBe(unknown)
})

test('provider filter: both must pass, and the protocols of what passes are kept', () => {
  const both = provider([IP4, SECURE], ['transport-bitswap', GATEWAY])
  expect(filtered(`filter-addrs=tls&filter-protocols=${GATEWAY}`, both)).toEqual({ ...both, Addrs: [SECURE] })
  expect(filtered(`filter-addrs=webtransport&filter-protocols=${GATEWAY}`, both)).toBeNull()
  expect(filtered('filter-addrs=tls&filter-protocols=transport-graphsync-filecoinv1', both)).toBeNull()
})
