/** Each rule of `.dependency-cruiser.cjs`, broken once: a rule that finds nothing is a rule that holds nothing. */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../helpers/clone.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

interface Violation {
  rule: { name: string }
  from: string
}

/** A small tree that keeps every rule: path → the modules it imports. */
const GOOD: Record<string, string[]> = {
  'node/types.ts': [],
  'node/async/delay.ts': ['../types.ts'],
  'node/errors.ts': [],
  'node/keys/key.ts': ['../async/delay.ts', '../types.ts', '../errors.ts'],
  'node/keys/index.ts': ['./key.ts'],
  'node/groups/place.ts': ['../async/delay.ts'],
  'node/network/frames.ts': ['../keys/index.ts', '../groups/place.ts', 'libp2p'],
  'node/rendezvous/lease.ts': ['../network/frames.ts', '../keys/index.ts'],
  'node/content/store.ts': ['../rendezvous/lease.ts'],
  'node/content/memory/cache.ts': [],
  'node/content/sealed/sealing.ts': [],
  'node/content/protocol/wire.ts': [],
  'node/content/fetch/fetcher.ts': ['../protocol/wire.ts'],
  'node/content/swarm/swarm.ts': ['../fetch/fetcher.ts'],
  'node/messages/format/envelope.ts': ['../../rendezvous/lease.ts'],
  'node/messages/protocol/frames.ts': ['../format/envelope.ts'],
  'node/messages/admission/queue.ts': [],
  'node/messages/routing/router.ts': ['../protocol/frames.ts', '../admission/queue.ts'],
  'node/messages/outbox/outbox.ts': [],
  'node/people/format/certificate.ts': ['../../rendezvous/lease.ts'],
  'node/people/account/account.ts': ['../format/certificate.ts'],
  'node/people/way/ways.ts': ['../format/certificate.ts'],
  'node/people/presence/presence.ts': ['../account/account.ts', '../way/ways.ts'],
  'node/people/pairing/pairing.ts': ['../account/account.ts'],
  'node/people/calls/calls.ts': ['../way/ways.ts'],
  'node/people/rooms/room.ts': ['../presence/presence.ts', '../calls/calls.ts', '../pairing/pairing.ts'],
  'node/people/people.ts': ['./rooms/room.ts'],
  'node/sharing/format/link.ts': ['../../people/people.ts', '../../content/store.ts'],
  'node/sharing/sharer/share.ts': ['../format/link.ts'],
  'node/sharing/receiver/received.ts': ['../format/link.ts'],
  'node/sharing/boxes/box.ts': ['../format/link.ts'],
  'node/sharing/offers/offers.ts': ['../boxes/box.ts'],
  'node/sharing/sharing.ts': ['./sharer/share.ts', './receiver/received.ts', './boxes/box.ts', './offers/offers.ts'],
  'node/peer.ts': [
    './content/store.ts',
    './content/memory/cache.ts',
    './content/sealed/sealing.ts',
    './content/swarm/swarm.ts',
    './messages/routing/router.ts',
    './messages/outbox/outbox.ts',
    './people/people.ts',
    './sharing/sharing.ts',
  ],
  'node/index.ts': ['./peer.ts'],
  'node/server/port/listener.ts': ['ws', 'node:http', '../../network/frames.ts'],
  'node/server/store/identity.ts': ['node:fs'],
  'node/server/inbox/inbox.ts': ['../store/identity.ts'],
  'node/server/main.ts': [],
  'node/cli/values/plain-values.ts': [],
  'node/cli/print/output.ts': ['../values/plain-values.ts'],
  'node/cli/fetch/download.ts': ['../print/output.ts'],
  'node/cli/hold/hold-input.ts': ['../values/plain-values.ts'],
  'node/cli/share/items.ts': ['../hold/hold-input.ts'],
  'node/cli/receive/piece-file.ts': ['../fetch/download.ts'],
  'node/cli/commands/hold-command.ts': ['../hold/hold-input.ts', '../fetch/download.ts', '../share/items.ts', '../receive/piece-file.ts'],
  'node/cli/command.ts': [
    './commands/hold-command.ts',
    '../server/inbox/inbox.ts',
    '../server/main.ts',
    '../server/port/listener.ts',
    '../index.ts',
    '../../gateway/index.ts',
  ],
  'node/cli/main.ts': ['./command.ts'],
  'gateway/http/route.ts': [],
  'gateway/limits/rate-limit.ts': ['../http/route.ts'],
  'gateway/content/reader.ts': ['../limits/rate-limit.ts', '../http/route.ts'],
  'gateway/messages/posts.ts': ['../limits/rate-limit.ts'],
  'gateway/inbox/feed.ts': ['../limits/rate-limit.ts'],
  'gateway/api/status.ts': ['../limits/rate-limit.ts'],
  'gateway/app/assets.ts': ['../limits/rate-limit.ts'],
  'gateway/gateway.ts': [
    'hono',
    '../node/index.ts',
    './content/reader.ts',
    './messages/posts.ts',
    './inbox/feed.ts',
    './api/status.ts',
    './app/assets.ts',
  ],
  'gateway/index.ts': ['./gateway.ts'],
  'browser/cell.ts': [],
  'browser/text/size-text.ts': [],
  'browser/peer/session.ts': ['../cell.ts', '../../node/index.ts'],
  'browser/activity/uploads.ts': ['../cell.ts'],
  'browser/content/raw.ts': ['../peer/session.ts'],
  'browser/holding/holdings.ts': ['../content/raw.ts', '../activity/uploads.ts'],
  'browser/transfer/transfer.ts': ['../holding/holdings.ts'],
  'browser/visit/visit.ts': ['../transfer/transfer.ts'],
  'browser/messages/mailbox.ts': ['../visit/visit.ts'],
  'browser/people/opener.ts': ['../visit/visit.ts'],
  'browser/sharing/shares.ts': ['../visit/visit.ts'],
  'browser/words/sentence.ts': ['../visit/visit.ts', '../text/size-text.ts'],
  'browser/tab.ts': ['./messages/mailbox.ts', './words/sentence.ts', './people/opener.ts', './sharing/shares.ts'],
  'browser/app/use-cell.ts': ['preact', '../cell.ts'],
  'browser/app/home/view.ts': ['../use-cell.ts', '../../tab.ts'],
  'browser/app/page/view.ts': ['../use-cell.ts'],
  'browser/app/messages/view.ts': ['../use-cell.ts'],
  'browser/app/people/view.ts': ['../use-cell.ts'],
  'browser/app/share/view.ts': ['../use-cell.ts'],
  'browser/app/receive/view.ts': ['../use-cell.ts'],
  'browser/app/drop/view.ts': ['../use-cell.ts'],
  'browser/app/page.ts': [
    './home/view.ts',
    './page/view.ts',
    './messages/view.ts',
    './people/view.ts',
    './share/view.ts',
    './receive/view.ts',
    './drop/view.ts',
    '../../node/index.ts',
  ],
  'browser/home.ts': ['./app/page.ts'],
  'browser/library.ts': ['../node/index.ts'],
  'scripts/bench.ts': ['../node/index.ts'],
}

/** One import too many: rule, file, module. The file is one of the above, or a new one. */
const BROKEN: [rule: string, file: string, module: string][] = [
  ['layer-async', 'node/async/a.ts', '../keys/key.ts'],
  ['layer-keys', 'node/keys/a.ts', '../network/frames.ts'],
  ['layer-groups', 'node/groups/a.ts', '../network/frames.ts'],
  ['layer-network', 'node/network/a.ts', '../rendezvous/lease.ts'],
  ['layer-rendezvous', 'node/rendezvous/a.ts', '../content/store.ts'],
  ['layer-content', 'node/content/a.ts', '../messages/format/envelope.ts'],
  ['layer-messages', 'node/messages/a.ts', '../people/people.ts'],
  ['layer-people', 'node/people/a.ts', '../content/store.ts'],
  ['layer-sharing', 'node/sharing/a.ts', '../peer.ts'],
  ['layer-content', 'node/content/b.ts', '../index.ts'],
  ['layer-content', 'node/content/c.ts', '../peer.ts'],
  ['room-content-format', 'node/content/format/a.ts', '../memory/cache.ts'],
  ['room-content-memory', 'node/content/memory/a.ts', '../protocol/wire.ts'],
  ['room-content-sealed', 'node/content/sealed/a.ts', '../memory/cache.ts'],
  ['room-content-protocol', 'node/content/protocol/a.ts', '../sealed/sealing.ts'],
  ['room-content-fetch', 'node/content/fetch/a.ts', '../swarm/swarm.ts'],
  ['room-content-swarm', 'node/content/swarm/a.ts', '../store.ts'],
  ['room-messages-format', 'node/messages/format/a.ts', '../protocol/frames.ts'],
  ['room-messages-protocol', 'node/messages/protocol/a.ts', '../admission/queue.ts'],
  ['room-messages-admission', 'node/messages/admission/a.ts', '../protocol/frames.ts'],
  ['room-messages-routing', 'node/messages/routing/a.ts', '../outbox/outbox.ts'],
  ['room-messages-outbox', 'node/messages/outbox/a.ts', '../routing/router.ts'],
  ['room-people-format', 'node/people/format/a.ts', '../way/ways.ts'],
  ['room-people-account', 'node/people/account/a.ts', '../way/ways.ts'],
  ['room-people-way', 'node/people/way/a.ts', '../account/account.ts'],
  ['room-people-presence', 'node/people/presence/a.ts', '../calls/calls.ts'],
  ['room-people-pairing', 'node/people/pairing/a.ts', '../presence/presence.ts'],
  ['room-people-calls', 'node/people/calls/a.ts', '../rooms/room.ts'],
  ['room-people-rooms', 'node/people/rooms/a.ts', '../people.ts'],
  ['room-sharing-format', 'node/sharing/format/a.ts', '../boxes/box.ts'],
  ['room-sharing-first', 'node/sharing/first/a.ts', '../receiver/received.ts'],
  ['room-sharing-sharer', 'node/sharing/sharer/a.ts', '../receiver/received.ts'],
  ['room-sharing-receiver', 'node/sharing/receiver/a.ts', '../boxes/box.ts'],
  ['room-sharing-boxes', 'node/sharing/boxes/a.ts', '../sharer/share.ts'],
  ['room-sharing-offers', 'node/sharing/offers/a.ts', '../sharing.ts'],
  ['room-server-store', 'node/server/store/a.ts', '../inbox/inbox.ts'],
  ['room-server-port', 'node/server/port/a.ts', '../store/identity.ts'],
  ['room-server-inbox', 'node/server/inbox/a.ts', '../main.ts'],
  ['room-cli-values', 'node/cli/values/a.ts', '../print/output.ts'],
  ['room-cli-print', 'node/cli/print/a.ts', '../command.ts'],
  ['room-gateway-http', 'gateway/http/a.ts', '../limits/rate-limit.ts'],
  ['room-gateway-limits', 'gateway/limits/a.ts', '../content/reader.ts'],
  ['room-gateway-content', 'gateway/content/a.ts', '../api/status.ts'],
  ['room-gateway-messages', 'gateway/messages/a.ts', '../inbox/feed.ts'],
  ['room-gateway-inbox', 'gateway/inbox/a.ts', '../messages/posts.ts'],
  ['room-gateway-api', 'gateway/api/a.ts', '../content/reader.ts'],
  ['room-gateway-app', 'gateway/app/a.ts', '../gateway.ts'],
  ['room-browser-text', 'browser/text/a.ts', '../peer/session.ts'],
  ['room-browser-peer', 'browser/peer/a.ts', '../activity/uploads.ts'],
  ['room-browser-activity', 'browser/activity/a.ts', '../peer/session.ts'],
  ['room-browser-offline', 'browser/offline/a.ts', '../peer/session.ts'],
  ['room-browser-content', 'browser/content/a.ts', '../holding/holdings.ts'],
  ['room-browser-holding', 'browser/holding/a.ts', '../transfer/transfer.ts'],
  ['room-browser-transfer', 'browser/transfer/a.ts', '../visit/visit.ts'],
  ['room-browser-visit', 'browser/visit/a.ts', '../messages/mailbox.ts'],
  ['room-browser-messages', 'browser/messages/a.ts', '../words/sentence.ts'],
  ['room-browser-people', 'browser/people/a.ts', '../words/sentence.ts'],
  ['room-browser-sharing', 'browser/sharing/a.ts', '../words/sentence.ts'],
  ['room-browser-words', 'browser/words/a.ts', '../tab.ts'],
  ['room-browser-app-home', 'browser/app/home/a.ts', '../page/view.ts'],
  ['room-browser-app-page', 'browser/app/page/a.ts', '../messages/view.ts'],
  ['room-browser-app-messages', 'browser/app/messages/a.ts', '../page.ts'],
  ['room-browser-app-people', 'browser/app/people/a.ts', '../messages/view.ts'],
  ['room-browser-app-offline', 'browser/app/offline/a.ts', '../people/view.ts'],
  ['room-browser-app-boxes', 'browser/app/boxes/a.ts', '../drop/view.ts'],
  ['room-browser-app-share', 'browser/app/share/a.ts', '../receive/view.ts'],
  ['room-browser-app-receive', 'browser/app/receive/a.ts', '../drop/view.ts'],
  ['room-browser-app-drop', 'browser/app/drop/a.ts', '../share/view.ts'],
  ['app-is-above-the-tab', 'browser/tab.ts', './app/page.ts'],
  ['room-cli-fetch', 'node/cli/fetch/a.ts', '../hold/hold-input.ts'],
  ['room-cli-hold', 'node/cli/hold/a.ts', '../fetch/download.ts'],
  ['room-cli-share', 'node/cli/share/a.ts', '../receive/piece-file.ts'],
  ['room-cli-receive', 'node/cli/receive/a.ts', '../share/items.ts'],
  ['room-cli-commands', 'node/cli/commands/a.ts', '../command.ts'],
  ['nouns-import-nothing', 'node/errors.ts', './keys/key.ts'],
  ['core-knows-no-face', 'node/network/b.ts', '../server/port/listener.ts'],
  ['core-knows-no-face', 'node/a.ts', '../gateway/index.ts'],
  ['core-runs-in-a-tab', 'node/network/c.ts', 'ws'],
  ['core-runs-in-a-tab', 'node/network/f.ts', 'hono'],
  ['core-uses-no-builtin', 'node/network/d.ts', 'node:fs'],
  ['core-uses-no-builtin', 'node/network/e.ts', 'fs'],
  ['core-uses-no-builtin', 'browser/a.ts', 'node:crypto'],
  ['faces-enter-by-the-index', 'gateway/a.ts', '../node/types.ts'],
  ['faces-enter-by-the-index', 'browser/b.ts', '../node/keys/index.ts'],
  ['gateway-and-browser-are-strangers', 'gateway/b.ts', '../browser/app/page.ts'],
  ['gateway-and-browser-are-strangers', 'browser/c.ts', '../gateway/gateway.ts'],
  ['server-enters-by-the-index', 'node/server/a.ts', '../content/store.ts'],
  ['server-enters-by-the-index', 'node/server/b.ts', '../peer.ts'],
  ['command-enters-by-the-index', 'node/cli/a.ts', '../content/store.ts'],
  ['command-is-above-all', 'node/server/f.ts', '../cli/command.ts'],
  ['only-the-command-stands-above-the-gateway', 'node/server/c.ts', '../../gateway/index.ts'],
  ['gateway-only-by-its-index', 'node/cli/command.ts', '../../gateway/gateway.ts'],
  ['node-knows-no-tab', 'node/server/d.ts', '../../browser/home.ts'],
  ['no-udp-in-node', 'node/server/e.ts', '@libp2p/webrtc'],
  ['no-gossip', 'browser/d.ts', '@libp2p/gossipsub'],
  ['index-is-for-outsiders', 'node/keys/b.ts', './index.ts'],
  ['product-needs-no-tests', 'gateway/c.ts', '../scripts/bench.ts'],
  ['no-dev-dependency-at-run-time', 'gateway/d.ts', 'preact'],
  ['declared-dependencies-only', 'gateway/e.ts', 'debug'],
  ['resolvable', 'gateway/f.ts', './nowhere.ts'],
  ['no-cycles', 'gateway/g.ts', './h.ts'],
  ['library-brings-no-app', 'browser/library.ts', './app/page.ts'],
]

test('a tree that keeps the rules passes', async () => {
  expect(cruise(await createTree(GOOD))).toEqual([])
})

test('each rule finds the import that breaks it, also where only types are imported', async () => {
  const tree = Object.fromEntries(Object.entries(GOOD).map(([file, modules]) => [file, [...modules]]))
  for (const [, file, module] of BROKEN) tree[file] = [...(tree[file] ?? []), module]
  tree['gateway/h.ts'] = ['./g.ts']
  tree['gateway/orphan.ts'] = []
  const found = cruise(await createTree(tree))
  const expected = [...BROKEN.map(([rule, file]) => `${rule}: ${file}`), 'no-orphans: gateway/orphan.ts', 'no-unused-files: gateway/a.ts']
  expect(expected.filter((violation) => !found.includes(violation))).toEqual([])

  const types = Object.fromEntries(Object.entries(tree).map(([file, modules]) => [file, modules.map((name) => `type ${name}`)]))
  // Types are erased: a type alone may come from a development package.
  const erased = new Set(['no-dev-dependency-at-run-time: gateway/d.ts'])
  const typesFound = cruise(await createTree(types))
  expect(expected.filter((violation) => !typesFound.includes(violation) && !erased.has(violation))).toEqual([])
})

test('every rule is broken above', () => {
  const rules: { forbidden: { name: string }[] } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs')
  const broken = new Set([...BROKEN.map(([rule]) => rule), 'no-orphans', 'no-unused-files'])
  expect(rules.forbidden.map((rule) => rule.name).filter((name) => !broken.has(name))).toEqual([])
})

test('this tree keeps the rules', () => {
  expect(cruise(ROOT)).toEqual([])
})

/** Writes files with the listed imports; `type x` imports types only. */
async function createTree(tree: Record<string, string[]>): Promise<string> {
  const folder = await createTemporaryDirectory()
  for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) cpSync(join(ROOT, file), join(folder, file))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, modules] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    const imports = modules.map((name, i) =>
      name.startsWith('type ') ? `import type * as m${i} from '${name.slice(5)}'` : `import * as m${i} from '${name}'`,
    )
    writeFileSync(join(folder, file), `${imports.join('\n')}\nexport const n = ${modules.length}\n`)
  }
  return folder
}

/** Violations that dependency-cruiser finds, as `rule: file`. */
function cruise(folder: string): string[] {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const { stdout, stderr } = spawnSync(process.execPath, [program, '.', '--output-type', 'json'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 * 1_048_576, // the report grows with the tree
  })
  if (!stdout.startsWith('{')) throw new Error(`dependency-cruiser said: ${stdout}${stderr}`)
  const { summary }: { summary: { violations: Violation[] } } = JSON.parse(stdout)
  return summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`)
}
