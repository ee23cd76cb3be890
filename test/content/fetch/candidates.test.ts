import { expect, test } from 'vitest'
import {
  type CandidateTimes,
  createCandidates,
  holderCandidate,
  homeCandidate,
  tabCandidate,
} from '../../../node/content/fetch/candidates.ts'
import { ASK_SCOPE } from '../../../node/content/protocol/wire.ts'
import type { FindOptions, Holder } from '../../../node/rendezvous/types.ts'

const TIMES: CandidateTimes = { stallMs: 1, homeStallMs: 2 }
const WAY = '/p2p/home/p2p-circuit/webrtc/p2p/tab'
const holder = (peer: string, home: string): Holder => ({ peer, home, addresses: ['/dns/a/tcp/1/ws'], expiresAtMs: 0, signed: true })

test('candidates: a node that holds it is asked itself, also by a tab that can ask other tabs directly', () => {
  expect(holderCandidate(holder('node', 'node'), [WAY], TIMES)).toEqual({
    peer: 'node',
    addresses: ['/dns/a/tcp/1/ws'],
    scope: ASK_SCOPE.own,
    stallMs: 1,
    holder: 'node',
  })
})

test('candidates: a tab is asked directly where that is possible, else through its home, which has longer', () => {
  expect(holderCandidate(holder('tab', 'home'), [WAY], TIMES)).toMatchObject({ peer: 'tab', addresses: [WAY], isDirect: true, stallMs: 1 })
  const byHome = holderCandidate(holder('tab', 'home'), [], TIMES)
  expect(byHome).toEqual({ peer: 'home', addresses: ['/dns/a/tcp/1/ws'], scope: ASK_SCOPE.own, stallMs: 2, holder: 'tab' })
})

test('candidates: only a home is asked about the whole network', () => {
  expect(homeCandidate('home', TIMES)).toMatchObject({ scope: ASK_SCOPE.network, holder: 'home' })
  expect(tabCandidate('tab', TIMES)).toMatchObject({ peer: 'tab', scope: ASK_SCOPE.own, addresses: [] })
})

test('candidates: a tab that is known already is asked first, on a direct connection where there may be one, and is not met again', async () => {
  const key = new Uint8Array(32)
  const met = async (known: Holder | undefined, ways: 'by-homes' | 'direct', isReachable = true) => {
    const context = {
      ...{ self: 'self', tabsHolding: () => [], home: () => undefined },
      async *find() {
        yield holder('other', 'home')
        yield holder('tab', 'home')
      },
      directAddresses: () => (isReachable ? [WAY] : []),
    }
    const candidates = createCandidates(context, { ...TIMES, distrustMs: 1 })
    const all: string[] = []
    for await (const { peer, isDirect = false } of candidates.of({ key, known }, 'network', ways, new AbortController().signal))
      all.push(`${peer}${isDirect ? ' directly' : ''}`)
    return all
  }
  const known = holder('tab', 'home')
  expect(await met(known, 'direct')).toEqual(['tab directly', 'other directly'])
  expect(await met(known, 'by-homes')).toEqual(['tab directly', 'home'])
  expect(await met(known, 'by-homes', false)).toEqual(['home'])
  expect(await met(undefined, 'direct')).toEqual(['other directly', 'tab directly'])
})

test('candidates: content that comes with the answer about a file is heard of, also where its holders are those of the bundle', async () => {
  const [key, bundle] = [new Uint8Array(32), new Uint8Array(32).fill(1)]
  const given = { bytes: Uint8Array.of(1), from: 'server' }
  const context = {
    ...{ self: 'self', tabsHolding: () => [], home: () => undefined },
    async *find(_asked: Uint8Array, { onContent }: FindOptions) {
      onContent?.(given)
      for (const peer of ['node', 'self', 'tab']) yield holder(peer, peer === 'tab' ? 'node' : peer)
    },
  }
  const candidates = createCandidates(context, { ...TIMES, distrustMs: 1 })
  const all: unknown[] = []
  const { signal } = new AbortController()
  for await (const { peer } of candidates.of({ key, bundle }, 'network', 'by-homes', signal, (content) => all.push(content) < 0))
    all.push(peer)
  expect(all).toEqual(['node', given]) // the bundle's bytes are not what is sought
})
