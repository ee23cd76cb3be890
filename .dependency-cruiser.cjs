/**
 * Who may import whom; scripts/README.md tells contributors where a new thing goes:
 *
 *   async ← keys ← groups ← network ← rendezvous ← content | messages | people ← sharing ← peer.ts ← index.ts ← gateway/, browser/, node/server/ ← node/cli/
 *
 * A folder may use what stands below it (left of it), never what stands above or beside it. Run by `npm run check`;
 * `test/setup/import-rules.test.ts` breaks each rule once and expects it to be named.
 */

/** The layers of the core, lowest first. Folders of one row are siblings and do not know each other. */
const LAYERS = [['async'], ['keys'], ['groups'], ['network'], ['rendezvous'], ['content', 'messages', 'people'], ['sharing']]

/** The overlay peer itself, which runs in a tab as well as in Node.js. */
const CORE = '^node/(?!server/|cli/)'

/** Where running begins. The pages of the tab are HTML, and its workers are named by URL, which is not followed: their scripts stand here. */
const ENTRIES = [
  '^node/index\\.ts$',
  '^node/cli/main\\.ts$',
  '^browser/(library|module)\\.ts$',
  '^browser/(home|viewer)\\.tsx?$',
  '^browser/(peer|transfer)/[^/]+-worker\\.ts$',
  '^browser/offline/app-worker\\.ts$',
  '^browser/visit/first-script\\.ts$',
  '^browser/public/',
  '^scripts/',
  '^browser/examples/',
  '^node/server/store/account-file\\.ts$', // the export `mayfly/account-file`
]

const layerRules = LAYERS.flatMap((folders, height) =>
  folders.map((folder) => {
    const below = LAYERS.slice(0, height).flat()
    const allowed = [...below.map((name) => `node/${name}/`), `node/${folder}/`, 'node/(types|errors)\\.ts$']
    return {
      name: `layer-${folder}`,
      comment: `node/${folder}/ may use ${below.length > 0 ? below.map((name) => `node/${name}/`).join(', ') : 'no other folder'}, types.ts and errors.ts.`,
      severity: 'error',
      from: { path: `^node/${folder}/` },
      to: { path: '^(node|gateway|browser|scripts|test)/', pathNot: allowed.map((path) => `^${path}`) },
    }
  }),
)

/**
 * The rooms of a folder, lowest first: a room may use what stands below it, never what stands above or beside it. The files beside the rooms
 * stand above all of them, but for the folder's types, which stand below.
 */
const ROOMS = {
  'node/content': [['format'], ['memory', 'sealed', 'protocol'], ['fetch'], ['swarm']],
  'node/messages': [['format'], ['protocol', 'admission'], ['routing', 'outbox']],
  'node/people': [['format'], ['account', 'way'], ['presence', 'pairing', 'calls'], ['rooms']],
  'node/sharing': [['format'], ['first'], ['sharer', 'receiver', 'boxes'], ['offers']],
  'node/server': [['store', 'port'], ['inbox']],
  gateway: [['http'], ['limits'], ['content', 'messages', 'inbox', 'api', 'app']],
  browser: [
    ['text'],
    ['peer', 'activity', 'offline'],
    ['content'],
    ['holding'],
    ['transfer'],
    ['visit'],
    ['messages', 'people', 'sharing', 'words'],
  ],
  'browser/app': [['home', 'page', 'messages', 'people', 'offline', 'share', 'receive', 'drop', 'boxes']],
  'node/cli': [['values'], ['print'], ['fetch', 'hold'], ['share', 'receive'], ['commands']],
}

/** What stands beside the rooms of a folder and below them, as its types do. */
const BELOW_ROOMS = {
  'node/sharing': '(types|offer-types)',
  'node/cli': '(settings|configuration|idle-settings|exit-code|package|command-context|command-table)',
  browser: 'cell',
  'browser/app': '(use-cell|inner-link|copy-button|action-button|problem|qr-image|link-row|file-choice|sharing-bar)',
}

const roomRules = Object.entries(ROOMS).flatMap(([folder, heights]) =>
  heights.flatMap((rooms, height) =>
    rooms.map((room) => {
      const below = heights.slice(0, height).flat()
      const allowed = [...below, room].map((name) => `^${folder}/${name}/`)
      return {
        name: `room-${folder.replace('node/', '').replace('/', '-')}-${room}`,
        comment: `${folder}/${room}/ may use ${below.length > 0 ? below.join(', ') : 'no other room'}, and types.ts.`,
        severity: 'error',
        from: { path: `^${folder}/${room}/` },
        to: { path: `^${folder}/`, pathNot: [...allowed, `^${folder}/${BELOW_ROOMS[folder] ?? 'types'}\\.tsx?$`] },
      }
    }),
  ),
)

module.exports = {
  forbidden: [
    ...layerRules,
    ...roomRules,
    {
      name: 'nouns-import-nothing',
      comment: 'types.ts and errors.ts stand under everything and import nothing of ours.',
      severity: 'error',
      from: { path: '^node/(types|errors)\\.ts$' },
      to: { path: '^(node|gateway|browser|scripts|test)/' },
    },
    {
      name: 'core-knows-no-face',
      comment: 'The peer does not know the gateway, the tab, or the Node.js side of itself.',
      severity: 'error',
      from: { path: CORE },
      to: { path: '^(node/(server|cli)|gateway|browser|scripts|test)/' },
    },
    {
      name: 'core-runs-in-a-tab',
      comment: 'What is outside node/server/ and node/cli/ also runs in a browser: no sockets, log or HTTP of the server side.',
      severity: 'error',
      from: { path: CORE },
      to: { path: 'node_modules/(@types/)?(ws|pino|commander|hono|@hono|file-type)/' },
    },
    {
      name: 'core-uses-no-builtin',
      comment: 'What is outside node/server/ and node/cli/ also runs in a browser.',
      severity: 'error',
      from: { path: [CORE, '^browser/'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'faces-enter-by-the-index',
      comment:
        'gateway/ and browser/ enter node/ through node/index.ts, and the library for pages through node/library/. The primitives of node/async/, the text form of links, the writer of zip archives, the stay at a drop box and the words for its types know nothing of a peer: anybody may use one.',
      severity: 'error',
      from: { path: '^(gateway|browser)/' },
      to: {
        path: '^node/',
        pathNot:
          '^node/(index\\.ts$|library/|async/|keys/link-(form|path)\\.ts$|content/format/zip-archive\\.ts$|sharing/boxes/(box-stay|type-words)\\.ts$)',
      },
    },
    {
      name: 'gateway-and-browser-are-strangers',
      comment: 'What the gateway and the tab share goes down into node/.',
      severity: 'error',
      from: { path: '^(gateway|browser)/' },
      to: { path: '^(gateway|browser)/', pathNot: '^$1/' },
    },
    {
      name: 'server-enters-by-the-index',
      comment:
        'node/server/ uses the public face; below it only node/network/, whose transport the listener implements, the form of the requests that it sends, and keys and nouns.',
      severity: 'error',
      from: { path: '^node/server/' },
      to: {
        path: '^node/(?!server/)',
        pathNot: '^node/(index|types|errors|content/protocol/piece-request)\\.ts$|^node/(async|network|keys)/',
      },
    },
    {
      name: 'command-enters-by-the-index',
      comment:
        'node/cli/ uses the public face of the peer and what node/server/ has; of the core only keys, addresses, nouns, limits, the sender without a peer, the stay at a drop box, and what reads content by its outline without a peer.',
      severity: 'error',
      from: { path: '^node/cli/' },
      to: {
        path: '^node/(?!cli/|server/)',
        pathNot:
          '^node/(index|types|errors|limits|messages/lone-sender|sharing/boxes/box-stay|content/(outlined-reading|format/outline|protocol/piece-request))\\.ts$|^node/(async|network|keys)/',
      },
    },
    {
      name: 'command-is-above-all',
      comment: 'node/cli/ composes a node and its gateway; nobody imports it.',
      severity: 'error',
      from: { path: '^(node|gateway|browser)/', pathNot: '^node/cli/' },
      to: { path: '^node/cli/' },
    },
    {
      name: 'only-the-command-stands-above-the-gateway',
      comment: 'Only node/cli/ knows that there is a gateway.',
      severity: 'error',
      from: { path: '^node/', pathNot: '^node/cli/' },
      to: { path: '^gateway/' },
    },
    {
      name: 'gateway-only-by-its-index',
      comment: 'The command enters the gateway through gateway/index.ts.',
      severity: 'error',
      from: { path: '^node/' },
      to: { path: '^gateway/', pathNot: '^gateway/index\\.ts$' },
    },
    {
      name: 'node-knows-no-tab',
      comment: 'node/ and gateway/ serve the built tab as files; they import nothing of it.',
      severity: 'error',
      from: { path: '^(node|gateway)/' },
      to: { path: '^browser/' },
    },
    {
      name: 'no-udp-in-node',
      comment: '@libp2p/webrtc loads a native UDP library when it is imported in Node.js: only browser/ may bring it in.',
      severity: 'error',
      from: { path: '^(node|gateway)/' },
      to: { path: '(^|node_modules/)(@libp2p/webrtc|node-datachannel)(/|$)' },
    },
    {
      name: 'no-gossip',
      comment: 'Presence is pushed over lease streams; floodsub and gossipsub are banned.',
      severity: 'error',
      from: {},
      to: { path: 'floodsub|gossipsub' },
    },
    {
      name: 'index-is-for-outsiders',
      comment: "A folder's index.ts is its face: the files beside it import each other directly.",
      severity: 'error',
      from: { path: '^(.+/)[^/]+$' },
      to: { path: '^$1index\\.ts$' },
    },
    {
      name: 'product-needs-no-tests',
      comment: 'What is shipped imports neither tests nor scripts.',
      severity: 'error',
      from: { path: '^(node|gateway|browser)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'no-dev-dependency-at-run-time',
      comment: 'node/ and gateway/ run from a production install. (Types alone are erased, and the tab is bundled.)',
      severity: 'error',
      from: { path: '^(node|gateway)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'A package that is imported is named in package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'What is imported exists.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or share a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports, and that imports nobody, is left over.',
      severity: 'error',
      from: { orphan: true, pathNot: ['^browser/public/', '^scripts/', '^test/', '^[^/]+$', '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'library-brings-no-app',
      comment: "browser/library.ts and module.ts go into other people's pages: without the app and its views.",
      severity: 'error',
      from: { path: '^browser/(library|module)\\.ts$' },
      to: { path: '^browser/app/|node_modules/preact/', reachable: true },
    },
    {
      name: 'app-is-above-the-tab',
      comment: 'The views of browser/app/ show what the tab has; only the scripts of the pages import them.',
      severity: 'error',
      from: { path: '^browser/', pathNot: '^browser/(app/|(home|viewer)\\.tsx?$)' },
      to: { path: '^browser/app/' },
    },
    {
      name: 'no-unused-files',
      comment: 'Each file is reached from an entry: the library, the command, the pages of the tab, or a script. A test is none.',
      severity: 'error',
      from: { path: ENTRIES },
      to: { path: '^(node|gateway|browser)/', pathNot: [...ENTRIES, '\\.d\\.ts$'], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|browser/dist|test/dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
}
