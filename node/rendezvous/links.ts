/** The presence streams that this peer has opened, one for each server it needs, made when needed and closed when idle for long. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { connectionKind, raceAbort } from '../network/index.ts'
import type { AbortOptions } from '../types.ts'
import { createLink, type Link, type LinkEvents, type LinkOptions } from './link.ts'
import { PRESENCE_PROTOCOL } from './wire.ts'

export interface Links {
  /** The open link to the peer, if there is one. */
  get(peer: PeerId): Link | undefined
  /**
   * The link to the peer, opened if there is none; callers that come meanwhile share it.
   *
   * @throws when the peer cannot be reached, or does not speak the protocol
   */
  open(peer: PeerId, options?: AbortOptions): Promise<Link>
  all(): Link[]
  stop(): void
}

export interface LinksOptions extends LinkOptions {
  /** How long opening one may take, in ms. */
  openTimeoutMs: number
  /** Links at once; the one longest unused goes first. */
  maxLinks: number
}

export function createLinks(
  libp2p: Libp2p,
  self: { role: 'tab' | 'node'; addresses(): Multiaddr[] },
  /** True for links that hold or watch something, and so must stay. */
  isNeeded: (peer: string) => boolean,
  events: Omit<LinkEvents, 'onSilent'> & { onOpen(link: Link): void },
  options: LinksOptions,
): Links {
  /** By peer id, in the order of their last use. Bounded: maxLinks. */
  const links = new Map<string, Link>()
  const opening = new Map<string, Promise<Link>>()
  let stopped = false

  function touch(link: Link): Link {
    links.delete(link.id)
    links.set(link.id, link)
    return link
  }

  async function openLink(peer: PeerId): Promise<Link> {
    const signal = AbortSignal.timeout(options.openTimeoutMs)
    const open = libp2p.getConnections(peer).find((connection) => connection.status === 'open' && connectionKind(connection) === 'socket')
    const connection = open ?? (await libp2p.dial(peer, { signal }))
    const stream = await connection.newStream(PRESENCE_PROTOCOL, { signal })
    if (stopped) {
      stream.abort(new Error('stopped'))
      throw new Error('stopped')
    }
    const link = createLink(
      peer,
      stream,
      { role: self.role, addresses: self.addresses() },
      {
        ...events,
        // Nobody pings a tab's own connection: unless it goes too, the tab would wait for this server for ever.
        onSilent: (reason) => {
          if (self.role === 'tab') connection.abort(reason)
        },
        onEnd: (ended, reason) => {
          if (links.get(ended.id) === ended) links.delete(ended.id)
          events.onEnd(ended, reason)
        },
      },
      options,
    )
    if (!link.open) throw new Error('the stream ended as it was opened')
    links.set(link.id, link)
    if (links.size > options.maxLinks) [...links.values()].find(({ id }) => id !== link.id && !isNeeded(id))?.close()
    events.onOpen(link)
    return link
  }

  return {
    get(peer) {
      const link = links.get(peer.toString())
      return link?.open ? touch(link) : undefined
    },
    async open(peer, { signal } = {}) {
      const id = peer.toString()
      const existing = links.get(id)
      if (existing?.open) return touch(existing)
      let promise = opening.get(id)
      if (promise === undefined) {
        promise = openLink(peer).finally(() => opening.delete(id))
        promise.catch(() => {})
        opening.set(id, promise)
      }
      return signal === undefined ? promise : raceAbort(promise, signal)
    },
    all: () => [...links.values()],
    stop() {
      stopped = true
      for (const link of links.values()) link.close()
    },
  }
}
