/** The nouns that the parts of the gateway share. */

import type { ClientAddress, IceServer, Inbox, InboxMessage, Peer } from '../node/index.ts'

export interface GatewayLimits {
  /** The longest `?wait=` that is granted, in ms. */
  maxWaitMs: number
  /** How long one search for content may take when nobody asked to wait, in ms. */
  searchTimeoutMs: number
  /** How long the count of holders may take to arrive before the answer is "could not ask", in ms. */
  countTimeoutMs: number
  /** How long a count that was asked for once may still be corrected by slower record nodes, in ms. */
  countSettleMs: number
  /** Searches that one client address may start at once, before `searchesPerSecond` applies. Content in memory is not a search. */
  searchBurst: number
  /** Searches that one client address may go on starting, per second. */
  searchesPerSecond: number
  /** Messages that one client address may post at once, before `postsPerSecond` applies. */
  postBurst: number
  /** Messages that one client address may go on posting, per second. */
  postsPerSecond: number
  /** Posts under way, in all. */
  maxPosts: number
  /** Posts under way, for one client address. */
  maxPostsPerAddress: number
  /** Messages of visitors that wait in the node's outbox, in all. */
  maxWaitingPosts: number
  /** Messages that wait there, of one client address. */
  maxWaitingPostsPerAddress: number
  /** Requests that stay open (event streams, `?wait=`), in all. */
  maxOpen: number
  /** Requests that stay open, for one client address. */
  maxOpenPerAddress: number
  /** Answers with content, under way or being looked for, in all. Each may have some MiB of what its client will read next. */
  maxFetches: number
  /** The same for one client address. This machine is exempt: a proxy on it speaks for many, and its own programs may do as they like. */
  maxFetchesPerAddress: number
  /** Content for one client address, in bytes per second, over all its connections; 0: as fast as it goes. This machine is exempt. */
  maxBytesPerSecondPerAddress: number
  /** An event stream with nothing to say sends a comment this often, in ms, so that proxies keep it open. */
  keepAliveMs: number
  /** Holders named in one answer of the delegated routing API. */
  maxProviders: number
}

export const GATEWAY_DEFAULTS: Readonly<GatewayLimits> = {
  maxWaitMs: 60_000,
  searchTimeoutMs: 20_000,
  countTimeoutMs: 5_000,
  countSettleMs: 50, // record nodes answer within a few ms of each other on open streams
  searchBurst: 1_000, // a page of many parts, or a whole class behind one address, must not be throttled
  searchesPerSecond: 100,
  postBurst: 250, // all of a gateway's posts are one sender's to its peers, which pass on 1,000 and then 100 a second: nobody may use it up
  postsPerSecond: 25,
  maxPosts: 512,
  maxPostsPerAddress: 64,
  maxWaitingPosts: 5_000, // half of the outbox: the other half is the owner's
  maxWaitingPostsPerAddress: 500,
  maxOpen: 5_000,
  maxOpenPerAddress: 256,
  maxFetches: 1_024,
  maxFetchesPerAddress: 64, // a browser has 6 connections to one place, a download manager 16, and several people may share an address
  maxBytesPerSecondPerAddress: 0, // what is too much is for the operator to say, who knows the line
  keepAliveMs: 15_000, // proxies commonly cut what is silent for 60 s
  maxProviders: 100, // https://specs.ipfs.tech/routing/http-routing-v1/ (response body)
}

/** The sender of a request, as the server saw it. All is optional: a client that is not known is not trusted. */
export interface Client {
  address?: ClientAddress
  /** IP address that the client connected to. */
  localAddress?: string
  /** The request target as it was sent, before any parser made it regular. */
  target?: string
  /** Ends the connection at once: an answer under way stays visibly incomplete. */
  cut?: () => void
}

/** What the gateway did, for a log. `path` has no query (it may hold a file name) and is cut to a bounded length. */
export type GatewayEvent =
  | { type: 'request'; method: string; path: string; route: string; status: number; ms: number; address: string }
  /** A bug: an error that nobody expected. The client was told 500 and nothing else. */
  | { type: 'failed'; method: string; path: string; error: unknown; address: string }

export interface GatewayOptions {
  peer: Peer
  /** Directory of the built tab: `index.html`, `viewer.html`, `assets/…`. Without it plain pages stand in. */
  assetsDir?: string
  /** Origin at which people reach this gateway, e.g. `https://pages.example`. Its host is an allowed Host of the API. */
  publicUrl?: string
  /** Bearer token that lets other machines PUT and DELETE; without one only this machine may. */
  token?: string
  /** What this node itself receives: shown to its owner at `/inbox`, and given at `/to/<end>/json`, `/sse` and `/ws`. */
  inbox?: Inbox
  /** Keys, in hex, that this operator refuses to serve: 410. */
  denied?: ReadonlySet<string>
  /** STUN and TURN servers for the tabs that come through this gateway: told to everybody, passwords included. None unless given. */
  iceServers?: readonly IceServer[]
  /** The version of mayfly that is running. */
  version: string
  limits?: Partial<GatewayLimits>
  /** Hears every request and every failure. */
  onEvent?: (event: GatewayEvent) => void
}

export interface Gateway {
  /** Bytes that a request body may have now. */
  readonly maxBodyBytes: number
  /** Answers one request. Never rejects. */
  fetch(request: Request, client?: Client): Promise<Response>
  /** True for a target whose websockets are the gateway's, and not the overlay's. */
  takesSocket(target: string): boolean
  /** What a websocket of such a target is sent, or the answer that refuses it. Never rejects. `client` names the target. */
  openFeed(request: Request, client: Client): Promise<InboxFeed | Response>
  /** From now on `/healthz` says 503, so that a load balancer sends nobody new; everything else goes on. */
  drain(): void
  /** Drains, and ends what stays open (event streams, waits). May be called twice. */
  close(): void
}

export type FeedEvent =
  | { event: 'open'; hashname: string; end?: string }
  | { event: 'message'; message: InboxMessage }
  /** All that was stored when it began has been given; what follows is new. */
  | { event: 'end-of-stored' }
  /** Nothing happened for a while. */
  | { event: 'keepalive' }

/** Events under way to one client. To come to their end, or to end it, gives the client's place back. */
export interface InboxFeed {
  events: AsyncGenerator<FeedEvent, void>
  end(): void
}

/** One request, as the handlers see it. */
export interface GatewayRequest {
  request: Request
  client: Client & { address: ClientAddress }
  /** The path as it was sent: nothing decoded. */
  path: string
  query: URLSearchParams
  /** Set while content is answered. */
  fetch?: ContentFetch
}

/** One answer with content, counted and paced for its client. Made by `client-fetches.ts`. */
export interface ContentFetch {
  /** The same bytes, no faster than the client may have them. */
  pace(read: ReadBytes): ReadBytes
  /** The answer is a stream that goes on after it was made. Returns what is to be called at its end. */
  stream(): () => void
}

/** Begins to read; its signal ends it. */
export type ReadBytes = (signal: AbortSignal) => AsyncIterable<Uint8Array>
