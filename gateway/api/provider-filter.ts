/**
 * The filters of the delegated routing API: which providers a client can use, and at which of their addresses.
 *
 * @see https://specs.ipfs.tech/ipips/ipip-0484/
 */

import { multiaddr } from '@multiformats/multiaddr'

/** The `peer` schema. Tabs cannot be dialled, so a record names their home. */
export interface PeerRecord {
  Schema: 'peer'
  ID: string
  Addrs: string[]
  Protocols: string[]
}

/** In a filter: a provider of which the router knows no address, or no protocol. */
const UNKNOWN = 'unknown'

/** Makes the filter of a request: it returns a provider with the addresses that the client wants, or null for one that it does not. */
export function createProviderFilter(query: URLSearchParams): (provider: PeerRecord) => PeerRecord | null {
  const names = readNames(query, 'filter-addrs')
  const unwanted = names.filter((name) => name.startsWith('!')).map((name) => name.slice(1))
  const wanted = names.filter((name) => !name.startsWith('!') && name !== UNKNOWN)
  const protocols = readNames(query, 'filter-protocols')

  function isWantedAddress(address: string): boolean {
    const parts = multiaddr(address).getComponents()
    const has = (filter: string) => parts.some(({ name }) => name === filter)
    return !unwanted.some(has) && (wanted.length === 0 ? unwanted.length > 0 : wanted.some(has))
  }

  function isWantedProtocol({ Protocols }: PeerRecord): boolean {
    if (protocols.length === 0 || (Protocols.length === 0 && protocols.includes(UNKNOWN))) return true
    return Protocols.some((protocol) => protocols.includes(protocol.toLowerCase()))
  }

  return (provider) => {
    if (!isWantedProtocol(provider)) return null
    if (names.length === 0 || (provider.Addrs.length === 0 && names.includes(UNKNOWN))) return provider
    const Addrs = provider.Addrs.filter(isWantedAddress)
    return Addrs.length === 0 ? null : { ...provider, Addrs }
  }
}

/** The names of a comma-separated list, in lower case. */
function readNames(query: URLSearchParams, parameter: string): string[] {
  return query
    .getAll(parameter)
    .flatMap((list) => list.toLowerCase().split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
