/** Numbers for an operator's dashboard, in Prometheus text form. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */

import type { Peer } from '../../node/index.ts'

type PeerCounts = ReturnType<Peer['status']>['counts']

const GAUGES: ReadonlyArray<readonly [keyof PeerCounts, name: string, help: string]> = [
  ['connections', 'mayfly_connections', 'Connections to peers.'],
  ['servers', 'mayfly_dht_servers', 'DHT servers in the routing table.'],
  ['tabs', 'mayfly_tabs', 'Tabs whose home is here.'],
  ['held', 'mayfly_held_contents', 'Contents that this node itself holds.'],
  ['heldBytes', 'mayfly_held_bytes', 'Bytes that this node itself holds.'],
  ['cacheBytes', 'mayfly_cache_bytes', 'Bytes kept in memory while others hold them.'],
  ['leases', 'mayfly_leases', 'Leases of this node and its tabs.'],
  ['records', 'mayfly_records', 'Holders recorded here for the whole overlay.'],
  ['reservations', 'mayfly_relay_reservations', 'Tabs that can be dialled directly by signalling through this node.'],
  ['watches', 'mayfly_watches', 'Keys watched here.'],
  ['taps', 'mayfly_taps', 'Taps of this node and its tabs.'],
  ['mail', 'mayfly_mail_messages', 'Messages kept for absent receivers.'],
  ['mailBytes', 'mayfly_mail_bytes', 'Bytes of them.'],
]

const COUNTERS: ReadonlyArray<readonly [keyof PeerCounts, name: string, help: string]> = [
  ['bytesServed', 'mayfly_content_served_bytes_total', 'Content bytes given to other peers.'],
  ['bytesReceived', 'mayfly_port_received_bytes_total', 'Bytes that came in over the port, HTTP and overlay.'],
  ['bytesSent', 'mayfly_port_sent_bytes_total', 'Bytes that went out over the port, HTTP and overlay.'],
  ['circuits', 'mayfly_relay_circuits_total', 'Circuits between tabs that were allowed; they carry signalling alone.'],
  ['messages', 'mayfly_messages_total', 'Messages passed on.'],
  ['messagesRefused', 'mayfly_messages_refused_total', 'Messages refused to their senders.'],
  ['bytesFetched', 'mayfly_content_fetched_bytes_total', 'Content bytes taken from other peers.'],
]

/**
 * @param open requests that stay open
 * @param fetches under way, without those of this machine
 */
export function createMetrics(peer: Peer, open: { readonly size: number }, fetches: { readonly size: number }) {
  /** By route, then status. Bounded: routes and statuses are fixed sets. */
  const requests = new Map<string, Map<number, number>>()

  return {
    countRequest(route: string, status: number): void {
      const statuses = requests.get(route) ?? new Map<number, number>()
      requests.set(route, statuses)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    },
    text(): string {
      const { counts, joined, startedAtMs, clock } = peer.status()
      const samples = Array.from(requests, ([route, statuses]) =>
        Array.from(statuses, ([status, count]): [string, number] => [`{route="${route}",status="${status}"}`, count]),
      ).flat()
      return [
        ...family('mayfly_http_requests_total', 'counter', 'HTTP requests answered.', samples),
        ...family('mayfly_http_open_requests', 'gauge', 'Event streams and waits that are open.', [['', open.size]]),
        ...family('mayfly_http_fetches', 'gauge', 'Answers with content to other machines that are under way.', [['', fetches.size]]),
        ...family('mayfly_joined', 'gauge', '1 while connected into the overlay.', [['', joined ? 1 : 0]]),
        ...family('mayfly_clock_ahead_seconds', 'gauge', "How far this machine's clock is ahead of the network's, in seconds.", [
          ['', clock.aheadMs / 1_000],
        ]),
        ...family('mayfly_start_time_seconds', 'gauge', 'When the node started, in seconds since the epoch.', [['', startedAtMs / 1_000]]),
        ...GAUGES.flatMap(([field, name, help]) => family(name, 'gauge', help, [['', counts[field]]])),
        ...COUNTERS.flatMap(([field, name, help]) => family(name, 'counter', help, [['', counts[field]]])),
        '',
      ].join('\n')
    },
  }
}

function family(name: string, kind: 'counter' | 'gauge', help: string, samples: Array<[labels: string, value: number]>): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples.map(([labels, value]) => `${name}${labels} ${value}`)]
}
