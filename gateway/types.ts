/** The types that the parts of the gateway share. */

import type { ClientAddress, Inbox, InboxMessage, Peer, Sharing, VisitListener, VisitPipe } from '../node/index.ts'
import type { ClientQuota } from './limits/client-quota.ts'
import type { FirstJoin } from './limits/first-join.ts'
import type { RateLimit } from './limits/rate-limit.ts'

export const GATEWAY_DEFAULTS = {
  /** The longest `?wait=`, in ms. */
  maxWaitMs: 45_000, // proxies commonly give up after 50 or 60 s (HAProxy, nginx)
  /** How long one search for content may take without `?wait=`, in ms. */
  searchTimeoutMs: 20_000,
  /** How long requests after the start wait until the node has joined the network, before the answer is 503, in ms. */
  firstJoinMs: 10_000, // a join takes a second; a dial that hangs is given up by then
  /** How long the count of holders may take before the answer is an error, in ms. */
  countTimeoutMs: 5_000,
  /** How long an answer with the count of holders waits for the counts of slower record nodes, in ms; a node that is alone does not. */
  countSettleMs: 50, // record nodes answer within a few ms of each other on open streams
  /** Searches that one client address may start at once, before `searchesPerSecond` applies. Content in memory needs no search. */
  searchBurst: 1_000, // a page of many parts, or a school class behind one address, is not throttled
  /** Searches that one client address may start per second, in the long run. */
  searchesPerSecond: 100,
  /** Messages that one client address may post at once, before `postsPerSecond` applies. */
  postBurst: 250, // its peers pass on 1,000 messages of a gateway at once, then 100 a second: no client may use up all of them
  /** Messages that one client address may post per second, in the long run. */
  postsPerSecond: 25,
  /** Posts under way of all clients. */
  maxPosts: 512,
  /** Posts under way of one client address. */
  maxPostsPerAddress: 64,
  /** Messages of all clients that wait in the node's outbox. */
  maxWaitingPosts: 5_000, // half of the outbox: the other half is the owner's
  /** Messages of one client address that wait in the node's outbox. */
  maxWaitingPostsPerAddress: 500,
  /** Requests of all clients that stay open (event streams, `?wait=`). */
  maxOpen: 5_000,
  /** Requests of one client address that stay open. */
  maxOpenPerAddress: 256,
  /** Fetches of all clients: answers with content that are searched for or under way. Each may buffer some MiB. */
  maxFetches: 1_024,
  /** Fetches of one client address. This machine is exempt. */
  maxFetchesPerAddress: 64, // a browser opens 6 connections to a server, a download manager 16, and several people may share an address
  /** Content for one client address, in bytes per second over all its connections; 0 for no limit. This machine is exempt. */
  maxBytesPerSecondPerAddress: 0, // the operator knows the capacity of the line
  /** Files under way to drop boxes, of all clients. */
  maxDrops: 64, // a box takes 8 at once
  /** Files under way to drop boxes, of one client address. */
  maxDropsPerAddress: 8,
  /** Visits to shares by pages that have no peer yet, of all clients. */
  maxVisits: 1_024,
  /** Visits to shares of one client address. */
  maxVisitsPerAddress: 32, // a school class that opens one link; more of them come by their own peers
  /** How long one visit may last, in ms. */
  maxVisitMs: 60_000, // a page has its own peer within seconds
  /** Bytes that a visit may bring to its visitor: a long list, and the first pieces. */
  maxVisitBytes: 16_777_216,
  /** Bytes that a visitor may send. */
  maxVisitBytesSent: 262_144,
  /** How often a silent event stream sends a comment, in ms, so that proxies keep it open. */
  keepAliveMs: 15_000, // proxies commonly cut a connection that is silent for 60 s
  /** The largest content that is sent as an IPFS block, in bytes. */
  maxBlockBytes: 2_097_152, // IPFS clients refuse larger ones
  /** Holders named in one answer of the delegated routing API. */
  maxProviders: 100, // https://specs.ipfs.tech/routing/http-routing-v1/ (response body)
}

export type GatewayLimits = Readonly<typeof GATEWAY_DEFAULTS>

/** The sender of a request, as the server saw it. All is optional: a client that is not known is not trusted. */
export interface Client {
  address?: ClientAddress
  /** IP address that the client connected to. */
  localAddress?: string
  httpVersion?: string
  /** User id of the program that made the connection, where the system tells. */
  owner?: () => number | undefined
  /** True on a connection of this machine where the node trusts a proxy: the client is somebody else, also when the proxy does not name it. */
  isTrustedProxy?: boolean
  /** The request target as it was sent, before a parser normalized it. */
  target?: string
  /** Ends the connection at once: an answer under way stays visibly incomplete. */
  cut?: () => void
  /** Tells a client that waits for it to send its body (`Expect: 100-continue`), where `Gateway.defersBody` has said so. */
  proceed?: () => void
}

/** An event for the log. `path` has no query, which may hold a file name, and is cut to a bounded length. */
export type GatewayEvent =
  | { type: 'request'; method: string; path: string; route: string; status: number; ms: number; address: string }
  /** An unexpected error: a bug. The client's answer is a bare 500. */
  | { type: 'failed'; method: string; path: string; error: unknown; address: string }

/** The settings of a gateway that may change while it runs. */
export interface GatewaySettings {
  /** Bearer token that lets other machines PUT, DELETE, and read the inbox and the metrics. Without one, only this machine may. */
  token?: string | undefined
  /** Origins of pages that may join the overlay and post messages here; `*` for all. Without any, see `page-origins.ts`. */
  allowedOrigins?: readonly string[]
  /** STUN and TURN servers for the tabs of this gateway, as URIs. The status answer shows them to everybody. None unless given. */
  iceServers?: readonly string[]
  /** The secret that the TURN servers share with this gateway, which makes credentials from it. */
  turnSecret?: string | undefined
  limits?: Partial<FetchLimits>
}

/** The limits that may change while a gateway runs. */
export type FetchLimits = Pick<GatewayLimits, 'maxFetchesPerAddress' | 'maxBytesPerSecondPerAddress'>

export interface GatewayOptions extends GatewaySettings {
  peer: Peer
  /** Directory of the built tab: `index.html`, `viewer.html`, `assets/…`. Without it, plain pages take their place. */
  assetsDir?: string
  /** Origin at which people reach this gateway, e.g. `https://pages.example`. Its host is an allowed Host of the API. */
  publicUrl?: string
  /** Origin at which other machines reach it, where it has no public URL: of links that are asked for at `localhost`. Undefined: none do. */
  urlForOthers?: () => string | undefined
  /** Origin below which a browser gets each held page from an origin of its own, e.g. `https://held.example`. */
  contentHost?: string
  /** The inbox of this node itself: its owner reads it at `/inbox`, `/to/<end>/json`, `/sse` and `/ws`. */
  inbox?: Inbox
  /** How files reach drop boxes; without it none do. */
  visitBox?: Sharing['visitBox'] | undefined
  /** How visitors reach shares before they have a peer; without it they come by their own alone. */
  passOn?: Sharing['passOn'] | undefined
  /**
   * Keys, in hex, that this operator refuses to serve: 410. The list is the gateway's alone: to other peers its node gives what it or its tabs
   * hold, and keeps records with small contents, as any node does.
   */
  denied?: ReadonlySet<string>
  /** The version of mayfly that is running. */
  version: string
  limits?: Partial<GatewayLimits>
  /** Called for every request and every failure. */
  onEvent?: (event: GatewayEvent) => void
}

/** The context of the parts that search for a client. */
export interface SearchContext {
  peer: Peer
  limits: GatewayLimits
  /** Of the searches of each client. */
  rate: RateLimit
  /** Of the requests that stay open. */
  open: ClientQuota
  firstJoin: FirstJoin
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

/** A whole answer with the status 200, as it is sent. */
export interface ReadyAnswer {
  /** Names and values in turns, as `writeHead` takes them. */
  readonly headers: readonly string[]
  /** Each character is one byte. A string cannot change, and Node.js writes it together with the headers. */
  readonly body: string
}

/** The gateway of a node. */
export interface NodeGateway extends Gateway {
  /** Takes these settings in place of those that it has; one that is left out has its default again. */
  configure(settings: GatewaySettings): void
}

export interface Gateway {
  /** The largest request body that is accepted now, in bytes. */
  readonly maxBodyBytes: number
  /** True for a target whose handler says when the body may come: `Client.proceed`. */
  defersBody?(target: string): boolean
  /**
   * The answer to a whole GET of this target that needs no further thought; it is counted as answered. Undefined for every other request. Left out
   * by a gateway without content.
   *
   * @param rawHeaders names and values in turns, as Node.js has them
   */
  findReady?(target: string, rawHeaders: readonly string[], client: ClientAddress): ReadyAnswer | undefined
  /** Answers one request. Never rejects. */
  fetch(request: Request, client?: Client): Promise<Response>
  /** A connection was ended, since its answer stood still. Left out by a gateway without metrics. */
  countStalled?(): void
  /** True for a target whose websockets belong to the gateway, not to the overlay. */
  takesSocket(target: string): boolean
  /** The origin of a page whose websocket may not join the overlay. Left out by a gateway without an overlay. */
  refusedOrigin?(request: Pick<Request, 'headers'>, client: Client): string | undefined
  /** The events for a websocket of such a target, or the answer that refuses it. Never rejects. `client` has the target. */
  openFeed(request: Request, client: Client): Promise<InboxFeed | Response>
  /** True for a target whose websocket is a visitor's of a share. Left out by a gateway that passes none on. */
  takesVisit?(target: string): boolean
  /** The visit for a websocket of such a target, or the answer that refuses it. Never rejects. `client` has the target. */
  openVisit?(request: Request, client: Client): Promise<ShareVisit | Response>
  /** Answers `/healthz` with 503 from now on, so that a load balancer sends no new clients. Everything else goes on. */
  drain(): void
  /** Drains, and ends requests that stay open (event streams, waits). May be called twice. */
  close(): void
}

/** An event of a feed. `position` is the sequence after which a reader goes on that comes back; that of a message is its own sequence. */
export type FeedEvent =
  | { event: 'open'; hashname: string; end?: string; position: number }
  | { event: 'message'; message: InboxMessage }
  /** The messages stored at the beginning have been sent; new ones follow. */
  | { event: 'end-of-stored'; position: number }
  /** Nothing has happened for a while. */
  | { event: 'keepalive'; position: number }

/** Events on their way to one client. Their end frees its quota, whichever side ends them. */
export interface InboxFeed {
  events: AsyncGenerator<FeedEvent, void>
  /** False when the events have ended by themselves: all that was asked for has been sent. */
  hasBeenEnded(): boolean
  end(): void
}

/** The websocket of a visitor that opens the link of a share. Its end frees its quota. */
export interface ShareVisit {
  /** In ms. */
  readonly maxMs: number
  /** To the visitor. */
  readonly maxBytes: number
  /** From the visitor. */
  readonly maxBytesSent: number
  /** Aborted when the visit ends, or the gateway closes. */
  readonly closing: AbortSignal
  /** Finds the sharer. @throws {MayflyError} ERR_UNAVAILABLE, ERR_BAD_OPTION */
  connect(listener: VisitListener): Promise<VisitPipe>
  /** May be called twice. */
  end(): void
}

/** A request as the handlers see it. */
export interface GatewayRequest {
  request: Request
  client: Client & { address: ClientAddress }
  /** The path as it was sent, not decoded. */
  path: string
  query: URLSearchParams
  /** Set while the answer is content. */
  fetch?: ContentFetch
}

/** The limits of its client on one answer with content. Made by `client-fetches.ts`. */
interface ContentFetch {
  /** Delays the bytes to the client's rate. */
  pace(read: ReadBytes): ReadBytes
  /** Keeps the client's quota for an answer that is a stream. Returns the function to call at its end. */
  stream(): () => void
}

/** Begins to read; the signal ends it. @param keepsNothing see `ReadOptions` */
export type ReadBytes = (signal: AbortSignal, keepsNothing: boolean) => AsyncIterable<Uint8Array>
