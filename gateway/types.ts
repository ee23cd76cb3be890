/** The nouns that the parts of the gateway share. */

import type { IceServer, Peer } from '../node/index.ts'

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
  /** Requests that stay open (event streams, `?wait=`), in all. */
  maxOpen: number
  /** Requests that stay open, for one client address. */
  maxOpenPerAddress: number
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
  maxOpen: 5_000,
  maxOpenPerAddress: 256,
  keepAliveMs: 15_000, // proxies commonly cut what is silent for 60 s
  maxProviders: 100, // https://specs.ipfs.tech/routing/http-routing-v1/ (response body)
}

/** Who sent a request, as the server saw it on the socket. Everything is optional: what is not known is not trusted. */
export interface Client {
  /** IP address of the client. */
  address?: string
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
  /** From now on `/healthz` says 503, so that a load balancer sends nobody new; everything else goes on. */
  drain(): void
  /** Drains, and ends what stays open (event streams, waits). May be called twice. */
  close(): void
}

/** One request, as the handlers see it. */
export interface Visit {
  request: Request
  client: Client
  /** The path as it was sent: nothing decoded. */
  path: string
  query: URLSearchParams
}
