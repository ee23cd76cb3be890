/** Numbers for an operator's dashboard, in Prometheus text form. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */

import type { Peer, PeerStatus } from '../../node/index.ts'

/** The facts that the metrics show, read anew for each answer. */
interface MetricFacts extends PeerStatus {
  /** Requests that stay open. */
  openRequests: number
  /** Fetches under way, without those of this machine. */
  fetches: number
  requests: readonly Sample[]
  /** Connections that were ended, since their answer stood still. */
  stalled: number
}

type Sample = readonly [labels: string, value: number]

interface Metric {
  name: string
  kind: 'counter' | 'gauge'
  help: string
  read(facts: MetricFacts): number | readonly Sample[]
}

/** In the order of the answer. */
export const METRICS: readonly Metric[] = [
  counter('http_requests', 'HTTP requests answered, by route and status.', ({ requests }) => requests),
  gauge('http_open_requests', 'Event streams and waits that are open.', ({ openRequests }) => openRequests),
  gauge('http_fetches', 'Answers with content to other machines that are under way.', ({ fetches }) => fetches),
  gauge('joined', '1 while connected into the overlay.', ({ joined }) => (joined ? 1 : 0)),
  gauge('clock_ahead_seconds', "How far this machine's clock is ahead of the network's, in seconds.", ({ clock }) => clock.aheadMs / 1_000),
  gauge('start_time_seconds', 'When the node started, in seconds since the epoch.', ({ startedAtMs }) => startedAtMs / 1_000),
  gauge('connections', 'Connections to peers.', ({ counts }) => counts.connections),
  gauge('dht_servers', 'DHT servers in the routing table.', ({ counts }) => counts.servers),
  gauge('known_servers', 'Servers whose signed addresses are known, connected or not.', ({ counts }) => counts.knownServers),
  gauge('group_bits', 'How many first bits name a group of servers; 0 while all are one group.', ({ counts }) => counts.groupBits),
  gauge('tabs', 'Tabs whose home is here.', ({ counts }) => counts.tabs),
  gauge('held_contents', 'Contents that this node itself holds.', ({ counts }) => counts.held),
  gauge('held_bytes', 'Bytes that this node itself holds.', ({ counts }) => counts.heldBytes),
  gauge('cache_bytes', 'Bytes kept in memory while others hold them.', ({ counts }) => counts.cacheBytes),
  gauge('leases', 'Leases of this node and its tabs.', ({ counts }) => counts.leases),
  gauge('records', 'Holders recorded here for the whole overlay.', ({ counts }) => counts.records),
  gauge('relay_reservations', 'Tabs that can be dialled directly by signalling through this node.', ({ counts }) => counts.reservations),
  gauge('watches', 'Keys watched here.', ({ counts }) => counts.watches),
  gauge('taps', 'Taps of this node and its tabs.', ({ counts }) => counts.taps),
  gauge('mail_messages', 'Messages kept for absent receivers.', ({ counts }) => counts.mail),
  gauge('mail_bytes', 'Bytes of them.', ({ counts }) => counts.mailBytes),
  counter('content_served_bytes', 'Content bytes given to other peers.', ({ counts }) => counts.bytesServed),
  counter('port_received_bytes', 'Bytes that came in over the port, HTTP and overlay.', ({ counts }) => counts.bytesReceived),
  counter('port_sent_bytes', 'Bytes that went out over the port, HTTP and overlay.', ({ counts }) => counts.bytesSent),
  counter('relay_circuits', 'Circuits between tabs that were allowed; they carry signalling alone.', ({ counts }) => counts.circuits),
  counter('messages', 'Messages passed on.', ({ counts }) => counts.messages),
  counter('messages_refused', 'Messages refused to their senders.', ({ counts }) => counts.messagesRefused),
  counter('content_fetched_bytes', 'Content bytes taken from other peers.', ({ counts }) => counts.bytesFetched),
  counter(
    'connections_cut',
    'Connections and streams ended because their peer went over a limit or broke a wire format.',
    ({ counts }) => counts.cut,
  ),
  counter('http_stalled', 'HTTP connections ended because their client read nothing of its answer for too long.', ({ stalled }) => stalled),
  counter('sockets_refused', 'Websockets turned away or ended before they had proved a peer id, by reason.', ({ refusedSockets }) =>
    Object.entries(refusedSockets).map(([reason, count]): Sample => [`{reason="${reason}"}`, count]),
  ),
]

/**
 * @param open requests that stay open
 * @param fetches under way, without those of this machine
 */
export function createMetrics(peer: Peer, open: { readonly size: number }, fetches: { readonly size: number }) {
  /** By route, then status. Bounded: routes and statuses are fixed sets. */
  const requests = new Map<string, Map<number, number>>()
  let stalled = 0

  return {
    countStalled: () => void stalled++,
    countRequest(route: string, status: number): void {
      const statuses = requests.get(route) ?? new Map<number, number>()
      requests.set(route, statuses)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    },
    text(): string {
      const samples = Array.from(requests, ([route, statuses]) =>
        Array.from(statuses, ([status, count]): Sample => [`{route="${route}",status="${status}"}`, count]),
      ).flat()
      const facts = { ...peer.status(), openRequests: open.size, fetches: fetches.size, requests: samples, stalled }
      return METRICS.flatMap((metric) => family(metric, facts)).join('')
    },
  }
}

function gauge(name: string, help: string, read: Metric['read']): Metric {
  return { name: `mayfly_${name}`, kind: 'gauge', help, read }
}

function counter(name: string, help: string, read: Metric['read']): Metric {
  return { name: `mayfly_${name}_total`, kind: 'counter', help, read }
}

function family({ name, kind, help, read }: Metric, facts: MetricFacts): string[] {
  const value = read(facts)
  const samples: readonly Sample[] = typeof value === 'number' ? [['', value]] : value
  return [`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`, ...samples.map(([labels, number]) => `${name}${labels} ${number}\n`)]
}
