/** The presence streams that this peer has opened: one to each server that it needs, opened when needed, closed when idle for long. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createPeerStreams, type PeerStreams } from '../network/index.ts'
import { createLink, type Link, type LinkEvents, type LinkOptions } from './link.ts'
import { PRESENCE_PROTOCOL } from './wire.ts'

export interface LinksContext {
  libp2p: Libp2p
  role: 'tab' | 'node'
  addresses(): Multiaddr[]
  /** False for a server that is not known any more: a stream to it is not tried again. */
  isWanted(peer: PeerId): boolean
  random(): number
}

export interface LinksOptions extends LinkOptions {
  /** How long opening one may take, in ms. */
  openTimeoutMs: number
  /** Links at once; the one that was used longest ago goes first. */
  maxLinks: number
  /** True for links that hold or watch something, and so must stay. */
  isNeeded(peer: string): boolean
}

export function createLinks(
  { libp2p, role, addresses, isWanted, random }: LinksContext,
  events: Omit<LinkEvents, 'onSilent'> & { onOpen(link: Link): void },
  options: LinksOptions,
): PeerStreams<Link> {
  const { openTimeoutMs, maxLinks, isNeeded } = options
  return createPeerStreams<Link>(
    {
      libp2p,
      protocol: PRESENCE_PROTOCOL,
      kinds: ['socket'],
      isWanted,
      random,
      onOpen: events.onOpen,
      create: ({ peer, stream, connection, onEnd }) =>
        createLink(
          peer,
          stream,
          { role, addresses: addresses() },
          {
            ...events,
            // Nobody pings a tab's own connection: unless it goes too, the tab would wait for this server for ever.
            onSilent(reason) {
              if (role === 'tab') connection.abort(reason)
            },
            onEnd(link, reason) {
              onEnd()
              events.onEnd(link, reason)
            },
          },
          options,
        ),
    },
    { openTimeoutMs, maxStreams: maxLinks, isNeeded },
  )
}
