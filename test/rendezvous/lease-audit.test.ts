/** A home looks whether the leases that it has given to delegates stand. Delegates and record nodes are the test's, and so is the time. */

import { expect, onTestFinished, test } from 'vitest'
import { equalBytes } from '../../node/keys/index.ts'
import { type AuditedLeases, createLeaseAudit } from '../../node/rendezvous/lease-audit.ts'
import type { FoundFrame } from '../../node/rendezvous/wire-frames.ts'
import { SCOPE, type Scope } from '../../node/rendezvous/wire-frames.ts'
import { createVirtualLeases } from '../../scripts/simulate/virtual-lease.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

const NOW_MS = 1_760_000_000_000
/** A lease has been looked for by then, in ms: it has to have stood for three seconds. */
const LOOKED_MS = 8_000
const ANSWERED_MS = 4_000

/** Leases of one holder by what a server says of them. */
const TERMS = {
  has: ['holder', 'home', 600_000],
  'has its next one, for another home': ['holder', 'another home', 600_001],
  'has one of before, for another home': ['holder', 'another home', 599_999],
  'has the one before it': ['holder', 'home', 300_000],
  'has one that has run out': ['holder', 'home', 0],
  'has that of another holder': ['another holder', 'home', 600_000],
} as const satisfies Record<string, [holder: string, home: string, livesMs: number]>

type Reply =
  | keyof typeof TERMS
  | 'has a forgery'
  | 'has nine forgeries'
  | 'sends none that can be read'
  | 'denies'
  | 'is silent'
  | 'lacks the room'

const found = (leases: Uint8Array[]): FoundFrame => ({ type: 'found', id: 1, leases, stock: [], homes: [], count: leases.length })

/** @param replies by server: to the home's finds. `a` is the carrier, `b` the other delegate, what begins with `r` a record node that is dialled */
function createAudited(replies: Record<string, Reply>, keys = 1, full: string[] = []) {
  const time = createVirtualTime()
  const written = createVirtualLeases()
  const forged = new Set<Uint8Array>()
  const faults: string[] = []
  const asked: { server: string; scope: Scope }[] = []
  const sign = (key: Uint8Array, [holder, home, livesMs]: readonly [string, string, number]) =>
    written.sign(holder, { key, home, issuedAtMs: NOW_MS, expiresAtMs: NOW_MS + livesMs }).bytes
  const statements: AuditedLeases<string>[] = Array.from({ length: keys }, (_, i) => ({
    key: new Uint8Array(32).fill(i),
    position: new Uint8Array(32).fill(i),
    peers: new Map([['a', 'a']]),
    isCarried: true,
    leases: new Map([['holder', sign(new Uint8Array(32).fill(i), TERMS.has)]]),
  }))

  function forge(key: Uint8Array, holder: string): Uint8Array {
    const lease = sign(key, [holder, 'home', 600_000])
    forged.add(lease)
    return lease
  }

  function leasesOf(reply: Reply, key: Uint8Array): Uint8Array[] {
    const own = statements.find((each) => equalBytes(each.key, key))?.leases.get('holder') as Uint8Array
    if (reply === 'has') return [own]
    if (reply === 'has a forgery') return [forge(key, 'holder')]
    if (reply === 'has nine forgeries') return Array.from({ length: 9 }, (_, i) => forge(key, `other ${i}`))
    if (reply === 'sends none that can be read') return [Uint8Array.of(1)]
    return reply in TERMS ? [sign(key, TERMS[reply as keyof typeof TERMS])] : []
  }
  const audit = createLeaseAudit<string>(
    {
      placement: {
        delegates: () => ['a', 'b'],
        isWithoutRoom: (server) => full.includes(server),
        walk: async function* () {
          yield* Object.keys(replies).filter((server) => server.startsWith('r'))
        },
      },
      streams: {
        open: async (server) => ({
          async find(key, _limit, scope, { signal }) {
            asked.push({ server, scope })
            if (replies[server] === 'is silent') await new Promise((_, reject) => signal.addEventListener('abort', reject))
            return replies[server] === 'lacks the room' ? undefined : found(leasesOf(replies[server] ?? 'denies', key))
          },
        }),
      },
      values: () => statements,
      now: () => NOW_MS + time.timers.now(),
      onFault: (delegate) => void faults.push(delegate),
    },
    { timers: time.timers, codec: { ...written.codec, isSigned: async ({ bytes }) => !forged.has(bytes) } },
  )
  audit.start()
  onTestFinished(audit.stop)
  return { faults, asked, statements, pass: time.pass, audit }
}

test.each<[what: string, Record<string, Reply>, faults: string[]]>([
  ['a lease that another delegate finds stands', { a: 'has', b: 'has' }, []],
  ['a carrier that denies what it was given is at fault', { a: 'denies', b: 'denies', r1: 'denies', r2: 'denies' }, ['a']],
  ['a carrier that owns up to the home alone is at fault', { a: 'has', b: 'denies', r1: 'denies', r2: 'denies' }, ['a']],
  ['a carrier that no one hears of is at fault, though it is silent', { a: 'is silent', b: 'denies', r1: 'denies', r2: 'denies' }, ['a']],
  ['a delegate that denies what record nodes have is at fault', { a: 'has', b: 'denies', r1: 'has', r2: 'denies' }, ['b']],
  ['a delegate that is silent is not at fault by that alone', { a: 'has', b: 'is silent', r1: 'has', r2: 'has' }, []],
  ['one record node is not enough against a carrier', { a: 'has', b: 'denies', r1: 'denies' }, []],
  [
    'a carrier is not at fault where the holder has moved and the servers have the lease for its new home',
    { a: 'has', b: 'denies', r1: 'has its next one, for another home', r2: 'denies' },
    ['b'],
  ],
  [
    'nor where the carrier has heard of the move itself, and the other delegate finds what is there now',
    { a: 'has its next one, for another home', b: 'has its next one, for another home' },
    [],
  ],
  ['nor where a renewal is still on its way', { a: 'has', b: 'has the one before it' }, []],
  [
    'servers that lack the room for a lease do not say that there is none',
    { a: 'has', b: 'denies', r1: 'lacks the room', r2: 'lacks the room' },
    [],
  ],
  ['nor does a carrier that lacks it', { a: 'lacks the room', b: 'has' }, []],
  ['a lease that has run out is none', { a: 'has', b: 'denies', r1: 'has one that has run out', r2: 'denies' }, ['a']],
  [
    'nor is one that the holder signed for another home before',
    { a: 'has', b: 'denies', r1: 'has one of before, for another home', r2: 'denies' },
    ['a'],
  ],
  ['nor is a forgery', { a: 'has', b: 'has a forgery', r1: 'has a forgery', r2: 'denies' }, ['a']],
  ['nor are as many of others as make a key popular', { a: 'has nine forgeries', b: 'has' }, ['a']],
  ['nor is one that cannot be read', { a: 'sends none that can be read', b: 'has' }, ['a']],
  ['nor is that of one other holder', { a: 'has', b: 'denies', r1: 'has that of another holder', r2: 'denies' }, ['a']],
  ['nor are some that do not answer', { a: 'has', b: 'denies', r1: 'denies', r2: 'is silent' }, []],
])('lease audit: %s', async (_, replies, faults) => {
  const audited = createAudited(replies)
  await audited.pass(LOOKED_MS)
  await audited.pass(ANSWERED_MS)
  expect([...new Set(audited.faults)]).toEqual(faults)
})

test('lease audit: a carrier that has said that it lacks the room is not at fault, and not asked', async () => {
  const { faults, asked, pass } = createAudited({ a: 'denies', b: 'denies', r1: 'denies', r2: 'denies' }, 1, ['a'])
  await pass(LOOKED_MS)
  await pass(ANSWERED_MS)
  expect([faults, asked]).toEqual([[], []])
})

test('lease audit: record nodes are dialled only where the other delegate finds nothing', async () => {
  const { asked, pass } = createAudited({ a: 'has', b: 'has', r1: 'has', r2: 'has' })
  await pass(LOOKED_MS)
  expect(new Set(asked.map(({ server }) => server))).toEqual(new Set(['a', 'b']))
  expect(asked.every(({ scope }) => scope === SCOPE.group)).toBe(true)
})

test('lease audit: of very many leases some are looked for at one time, in turn, and each again', async () => {
  const { asked, pass } = createAudited({ a: 'has', b: 'has' }, 100)
  await pass(LOOKED_MS)
  const first = asked.length
  expect(first).toBeGreaterThan(0)
  await pass(2_000)
  expect(asked.length - first).toBeLessThanOrEqual(2 * 9)
  await pass(60_000)
  expect(asked.length).toBeGreaterThan(2 * 100)
})

test('lease audit: what happens at one moment is one fault of a delegate', async () => {
  const { faults, pass } = createAudited({ a: 'denies', b: 'has' }, 8)
  await pass(5_900)
  expect(faults.length).toBeLessThanOrEqual(1)
})

test('lease audit: what has gone to another carrier meanwhile is no fault, and is looked for there anew', async () => {
  const { asked, statements, pass, faults } = createAudited({ a: 'has', b: 'denies', r1: 'has', r2: 'has' })
  await pass(LOOKED_MS)
  expect(faults).toContain('b')
  const [statement] = statements
  if (statement) Object.assign(statement, { peers: new Map([['b', 'b']]) })
  faults.length = 0
  asked.length = 0
  await pass(2_500)
  expect(asked).toEqual([])
  await pass(LOOKED_MS)
  expect(faults).toContain('b')
})

test('lease audit: nothing is asked once it has ended', async () => {
  const { asked, audit, pass } = createAudited({ a: 'has', b: 'has' })
  audit.stop()
  await pass(LOOKED_MS)
  expect(asked).toEqual([])
})
