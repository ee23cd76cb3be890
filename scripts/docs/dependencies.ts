/** Why each package of package.json is there. A package without a reason, and a reason without a package, fail the unit tests. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './source.ts'
import { code, markdownTable } from './table.ts'

/** Packages that share a reason stand in one row. */
const RUN_TIME: readonly (readonly [packages: readonly string[], reason: string])[] = [
  [
    [
      'libp2p',
      '@libp2p/kad-dht',
      '@libp2p/identify',
      '@libp2p/ping',
      '@libp2p/yamux',
      '@libp2p/crypto',
      '@libp2p/peer-id',
      '@libp2p/interface',
      '@libp2p/utils',
    ],
    'the overlay',
  ],
  [['@libp2p/peer-record'], 'signed addresses of servers, which nodes pass on; identify brings it anyway'],
  [['@libp2p/circuit-relay-v2'], 'a node as the relay of its tabs, for signalling alone'],
  [['@libp2p/websockets'], "dialling from tabs and short commands; a node dials and listens by its own transport on the gateway's port"],
  [
    ['@chainsafe/libp2p-noise'],
    'Noise encryption; installed under this name from `@libp2p/noise`, where it has moved: the old build brings duplicates',
  ],
  [
    ['multiformats', '@multiformats/multiaddr', '@multiformats/multiaddr-matcher', '@multiformats/multiaddr-to-uri'],
    'keys as CIDs; addresses',
  ],
  [
    ['cborg'],
    'wire formats in CBOR, strict and canonical, 30 KB. Instead of protons, whose generated code has namespaces that Node.js cannot strip',
  ],
  [['uint8-varint'], 'the lengths in front of frames'],
  [['@noble/hashes'], 'SHA-256 where a page has no WebCrypto (plain http from another machine)'],
  [
    ['@noble/curves'],
    'Ed25519 signatures of messages where WebCrypto has none, and the X25519 form of an Ed25519 key, which a message is sealed to',
  ],
  [['@noble/ciphers'], 'ChaCha20-Poly1305 for what two people say while they become contacts; the Noise encryption above brings it anyway'],
  [['@scure/bip39'], 'the English word list, for recovery words and for codes that are said aloud; loaded when one is needed'],
  [['@hpke/core'], 'HPKE (RFC 9180): sealing messages to their receiver'],
  [['eventsource-parser'], 'reads server-sent events: `mayfly holders --watch`, `mayfly get --wait`'],
  [
    ['datastore-core', 'interface-datastore', 'main-event', 'uint8arraylist'],
    "libp2p's own shapes, for the provider store and the transport",
  ],
  [['ws'], 'the websocket listener on a shared HTTP server'],
  [['hono', '@hono/node-server'], 'HTTP as `(Request) → Response`'],
  [['file-type'], 'content types from magic numbers'],
  [['commander'], 'the command line'],
  [['lean-qr'], 'the QR code of an address, in the app and on a terminal; loaded when one is shown'],
  [['pino'], 'the log'],
]

const DEVELOPMENT: typeof RUN_TIME = [
  [['node'], 'brings Node.js 24, since libp2p 3 and vitest 5 do not run on 20'],
  [
    ['@libp2p/webrtc'],
    'direct connections between tabs; bundled into the app, and never loaded in Node.js, where it would bring a native library',
  ],
  [['preact'], "the tab's views; bundled"],
  [['vite'], 'builds the tab'],
  [['@typescript/native'], 'types, by TypeScript 7'],
  [['typescript'], 'TypeScript 6, whose API dependency-cruiser and `npm run docs` read the source with'],
  [['@types/node', '@types/ws', '@types/selenium-webdriver'], 'types of Node.js, ws and selenium-webdriver'],
  [['@biomejs/biome'], 'format and lint'],
  [['dependency-cruiser'], 'import rules'],
  [['vitest', 'fast-check'], 'tests; properties'],
  [['axe-core'], 'tests: accessibility faults of a rendered page; 3.6 MB, without packages of its own'],
  [['playwright-core'], "tests in a browser: Debian's Chromium, or the one that playwright brings"],
  [['puppeteer-core'], "tests in Debian's Firefox, which playwright cannot drive, and in a Chromium with its back/forward cache"],
  [['selenium-webdriver'], 'tests in WebKitGTK'],
  [
    [
      '@helia/verified-fetch',
      'helia',
      '@helia/http',
      '@helia/libp2p',
      '@helia/unixfs',
      '@helia/delegated-routing-v1-http-api-client',
      'ipfs-unixfs-importer',
      '@libp2p/logger',
    ],
    'tests: IPFS clients that read from a gateway. The first brings all of them',
  ],
  [['yjs', 'y-protocols', 'lib0'], 'an example: a text that the members of a room write together'],
  [['capnweb'], 'an example: an object whose methods another instance calls, over a channel'],
]

/** Names in the manifest without a reason here, and names here that the manifest has not. */
export function unexplainedPackages(): string[] {
  const manifest: Record<'dependencies' | 'devDependencies', Record<string, string>> = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  )
  const compare = (declared: string[], explained: string[]) => [
    ...declared.filter((name) => !explained.includes(name)).map((name) => `${name} has no reason`),
    ...explained.filter((name) => !declared.includes(name)).map((name) => `${name} is not in package.json`),
  ]
  return [
    ...compare(
      Object.keys(manifest.dependencies),
      RUN_TIME.flatMap(([names]) => names),
    ),
    ...compare(
      Object.keys(manifest.devDependencies),
      DEVELOPMENT.flatMap(([names]) => names),
    ),
  ]
}

export function dependencyTable(): string {
  const rows = (list: typeof RUN_TIME, when: string) => list.map(([names, reason]) => [names.map(code).join(', '), when, reason])
  return markdownTable(['package', 'when', 'for'], [...rows(RUN_TIME, 'run time'), ...rows(DEVELOPMENT, 'development')])
}
