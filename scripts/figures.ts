/**
 * The figures of benchmarks that `npm run bench -- --write` has not written yet, which were copied by hand; written ones, in figures/written.json,
 * take their place in the five of README.md and in the tables of scripts/README.md (`npm run docs`). Nothing is added here.
 */

/** A number or words; null where a system has neither. */
type FigureRow = readonly [system: string, ...figures: (number | string | null)[]]

export interface FigureTable {
  command: string
  date: string
  /** With their units. */
  columns: readonly string[]
  rows: readonly FigureRow[]
}

const DATE = '2026-11-21'

export const FIGURES = {
  read: {
    command: 'npm run bench -- read',
    date: DATE,
    columns: ['system, and who reads', 'p50, ms', 'p95, ms', 'p50 against mayfly, ×'],
    rows: [
      ['mayfly, a node that has joined', 4.1, 7.7, 1],
      ['mayfly, the same, of pages that tabs hold', 7.6, 17.5, 1.8],
      ['mayfly, a tab that has joined', 5.4, 9.4, 1.3],
      ['HyperDHT (UDP), a node that has joined', 1.5, 4.7, 0.35],
      ['stock kad-dht, a server that has joined', 42.5, 74.6, 10],
      ['Helia, a node that has joined', 74.1, 95.3, 18],
    ],
  },
  'read-from-nothing': {
    command: 'npm run bench -- read',
    date: DATE,
    columns: ['system, from nothing, join included', 'p50, ms', 'p95, ms', 'p50 against mayfly, ×'],
    rows: [
      ["mayfly, by a gateway's URL", 27.6, 61.5, 1],
      ['HyperDHT (UDP)', 8.1, 11.5, 0.29],
      ['stock kad-dht', 1_166.8, 1_207.5, 42],
      ['Helia', 1_163.7, 1_211.8, 42],
    ],
  },
  leave: {
    command: 'npm run bench -- leave',
    date: DATE,
    columns: ['how the holder leaves', 'until another node answers 404, p95, ms'],
    rows: [
      ['the tab releases the page', 27],
      ['the tab is closed', 24],
      ["the tab's process is killed", 21],
      ["the tab's process is stopped (SIGSTOP)", 5_400],
    ],
  },
  bulk: {
    command: 'npm run bench -- bulk',
    date: DATE,
    columns: ['system', 'MiB/s', 'first byte, ms', 'CPU of the sender, s/GiB', 'CPU of the reader, s/GiB'],
    rows: [
      ['Node.js HTTP', 470, 5, 1.3, 2.1],
      ['raw libp2p stream, websockets', 115, 11, 5, 8.6],
      ['mayfly, node → node', 113, 11, 5.4, 9.3],
      ['hyperdrive', 93, 8, 5.6, 10.2],
      ['mayfly, node → gateway → curl', 89, 18, 5.9, 12],
      ['Helia', 75, 327, 7, 14.1],
      ['WebTorrent', 53, 181, 4.3, 13.4],
      ['mayfly, node → `mayfly get` (start included)', 41, null, 5.1, 28.6],
      ['RTCDataChannel between two pages', 16.4, 21, 45, 45],
      ['mayfly, tab → tab, direct', 13.1, 49, 59, 74],
      ['WebTorrent, between two pages', 12.2, 212, 62, 68],
    ],
  },
  messages: {
    command: 'npm run bench -- messages',
    date: DATE,
    columns: [
      'system',
      'one at a time, posts/s',
      'p50, ms',
      '32 in flight, posts/s',
      '256 in flight, posts/s',
      'CPU of the sender, µs/post',
      'CPU of the receiver, µs/post',
    ],
    rows: [
      ['mayfly, open end', 487, 1.9, 2_375, 3_038, 317, 342],
      ['mayfly, open end, outbox in memory', 620, 1.5, 2_324, 3_069, 257, 387],
      ['mayfly, sealed', 249, 3.6, 673, 913, 1_321, 1_288],
      ['Node.js HTTP + SQLite', 2_670, 0.36, 27_782, 25_962, 32, 27],
      ['Node.js HTTP + SQLite, with an outbox', 1_125, 0.85, 11_990, 22_500, 69, 46],
      ['the same, post and acknowledgement signed and checked', 670, 1.5, 3_683, 4_523, 235, 207],
      ['Redis, `appendfsync always`', 3_871, 0.28, 45_620, 126_750, 8, 11],
      ['NATS JetStream', 8_758, 0.11, 67_351, 93_876, 10, 13],
      ['Mosquitto, QoS 1', 11_156, 0.1, 107_242, 115_467, 9, 7],
    ],
  },
  sharing: {
    command: 'npm run bench -- sharing',
    date: '2026-11-29',
    columns: ['system', 'first byte, p50, ms', '8 MiB to one, MiB/s', '8 MiB to three, MiB/s'],
    rows: [
      ['bare RTCDataChannel', null, 17, 16],
      ['PeerJS, as FilePizza', 250, 9.4, 13],
      ['WebTorrent', 389, 7.7, 8.4],
      ['mayfly, a share', 976, 13, 9.5],
    ],
  },
  'sharing-bars': {
    command: 'npm run bench -- sharing',
    date: '2026-11-29',
    columns: ['of a share', 'figure', 'bar', 'met'],
    rows: [
      ['first byte, against the faster of PeerJS and WebTorrent', '3.9 ×', 'at most 0.7 ×', '**not met**'],
      ['8 MiB to one receiver, against a bare data channel', '0.75 ×', 'at least 0.85 ×', '**not met**'],
      ['200 MiB to one receiver, against a bare data channel (a busy machine)', '0.75 ×', 'at least 0.85 ×', '**not met**'],
      ['three receivers at once, each behind a line that sends 16 Mbit/s, against one after the other', '2.5 ×', 'at least 1.6 ×', 'met'],
      ['fetched twice after a reload at half of 200 MiB (a busy machine)', '1.52 %', 'under 2 %', 'met'],
      ["32 MiB with the sender's tab hidden, against both shown", '0.94 ×', 'at least 0.8 ×', 'met'],
      ["32 MiB with the receiver's tab hidden, against both shown", '0.94 ×', 'at least 0.8 ×', 'met'],
    ],
  },
  others: {
    command: 'npm run bench',
    date: DATE,
    columns: ['benchmark', 'what', 'figure'],
    rows: [
      ['`leave`', 'a killed provider of stock kad-dht', 'still found when the run ended'],
      ['`presence`', '20 keys held by each of 1,000 tabs on eight nodes: processor time of all nodes', 'a third of a core'],
      ['`presence`', 'stock provides of the same, every 15 s', '360 times as much'],
      ['`presence`', 'a change reaches 1,000 watchers', 'after 0.2 s'],
      ['`gateway`', 'a hot page of 1,024 bytes', '29,000 requests a second'],
      ['`gateway`', 'the same, as a share of a bare Node.js server with the same headers', '0.45'],
      ['`bulk`', '1 GiB: first byte', 'after 16 ms'],
      ['`bulk`', '1 GiB: memory beyond that for 64 MiB, sender and reader', '3.5 % and 0.5 %'],
      [
        '`paint`',
        "an HTML page of 1,024 bytes on a slow phone: first paint, of a bare server's (bar: 1.5 ×, **not met**; 2026-11-29)",
        '2.2 ×',
      ],
      ['`paint`', 'the same page in a sandboxed frame of a bare document: what a frame takes, whoever serves it', '2.2 ×'],
      ['`paint`', 'a text of 1,024 bytes, which stands in the page itself, the same way (bar: 1.5 ×, met)', '1.3 ×'],
      ['`pieces`', 'pieces of 256 KiB against the fastest size (1 MiB), on a stream', '0.84 of its speed'],
      ['`pieces`', 'the same over HTTP', '0.87 of its speed'],
      ['`pieces`', 'the same: until the first piece is there', 'half of the time'],
      ['`inbox`', 'messages stored one at a time', '2,400 a second'],
      ['`inbox`', 'messages stored with 32, with 256 under way (a busy machine)', '13,000, 18,000 a second'],
      ['`messages`', 'one post to 1,000 tabs behind four nodes: heard by the last', 'after 0.3 s'],
      ['`messages`', 'the same by websockets of one server', 'after 0.02 s'],
      [
        '`calls`',
        'a direct call between two tabs, p50, of a bare data channel beside it (the middle of three runs; bar: 1.3 ×, met; 2026-11-29)',
        '1.2 ×',
      ],
      ['`calls`', "direct calls a second, of PeerJS's round trips (bar: 0.7 ×, met; 2026-11-29)", '3.3 ×'],
      ['`calls`', "a call between two nodes, p50, of Cap'n Web over a websocket (no bar; 2026-11-29)", '2.3 ×'],
      [
        '`people`',
        'a contact comes or goes, p95, 1,000 contacts online (bar: 300 ms, met; a busy machine, 2026-11-29)',
        'heard after 27 ms',
      ],
      [
        '`people`',
        'an account with 100 contacts online while nothing happens: bytes an hour over its one connection, both ways (a busy machine, 2026-11-29)',
        '117 KiB',
      ],
      ['`people`', 'until all of 1,000 contacts are seen; 64 s of processor time of all processes (a busy machine, 2026-11-29)', '55 s'],
      ['`node scripts/bundle-size.ts`', 'the app before its first paint, gzip (2026-11-29)', '47 KiB'],
      ['`node scripts/bundle-size.ts`', 'a link before its first paint, without its content (2026-11-29)', '5 KiB'],
      ['`node scripts/bundle-size.ts`', 'the app after its first paint, all that it may load, gzip (2026-11-29)', '407 KiB'],
      ['`bundle`', 'a chat in a page with `mayfly/browser`, minified, gzip (2026-11-29)', '180 kB'],
      ['`bundle`', 'the module of a gateway, `/lib/mayfly.js`, gzip (2026-11-29)', '188 kB'],
      ['`node scripts/install-size.ts`', 'a production install (2026-11-28)', '117 packages, 35 MB'],
    ],
  },
} as const satisfies Record<string, FigureTable>

/** A figure of README.md: a number of a table above, and the bar that it was to reach. */
export interface Headline {
  what: string
  table: keyof typeof FIGURES
  system: string
  /** Number of the column, from 1. */
  column: number
  unit: string
  bar: string
  /** The system that it is a share of, in the same table. */
  of?: string
  isMet: (value: number, share: number) => boolean
  /** The same in the summary of its benchmark. */
  finding: string
}

export const HEADLINES: readonly Headline[] = [
  {
    what: 'A page held elsewhere among eight nodes, read in a tab: half of the reads take at most',
    table: 'read',
    system: 'mayfly, a tab that has joined',
    column: 1,
    unit: 'ms',
    bar: 'under 10 ms',
    isMet: (value) => value < 10,
    finding: 'a tab that has joined, p50',
  },
  {
    what: 'A tab is closed, and another node answers 404: in 95 of 100 cases after at most',
    table: 'leave',
    system: 'the tab is closed',
    column: 1,
    unit: 'ms',
    bar: 'under 1 s',
    isMet: (value) => value < 1_000,
    finding: 'gone when the tab is closed, p95',
  },
  {
    what: '64 MiB from node to node, checked by SHA-256',
    table: 'bulk',
    system: 'mayfly, node → node',
    column: 1,
    unit: 'MiB/s',
    bar: '0.7 of it',
    of: 'Node.js HTTP',
    isMet: (_, share) => share >= 0.7,
    finding: 'node → node, of HTTP with SHA-256, 64 MiB',
  },
  {
    what: '64 MiB from tab to tab, directly',
    table: 'bulk',
    system: 'mayfly, tab → tab, direct',
    column: 1,
    unit: 'MiB/s',
    bar: '0.7 of it',
    of: 'RTCDataChannel between two pages',
    isMet: (_, share) => share >= 0.7,
    finding: 'tab → tab, of a data channel, 64 MiB',
  },
  {
    what: 'Messages stored on disk with a signed receipt, one after the other',
    table: 'messages',
    system: 'mayfly, open end',
    column: 1,
    unit: 'a second',
    bar: '0.5 of it',
    of: 'Node.js HTTP + SQLite, with an outbox',
    isMet: (_, share) => share >= 0.5,
    finding: 'mayfly, open end: one at a time, of HTTP + SQLite, with an outbox',
  },
]
