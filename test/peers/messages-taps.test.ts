/** Taps at a home: delivery by their rules, their limits, and a tap that does not read beside others that do. */

import { describe, expect, it } from 'vitest'
import { encodeKeyHex, type MessageDraft, type Peer, type TapRule } from '../../node/index.ts'
import { parseEnd } from '../../node/messages/index.ts'
import { startMessagePeer } from '../helpers/message-peer.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** A tap that collects the bodies it receives. */
async function listen(peer: Peer, end: string, rules?: TapRule[]): Promise<string[]> {
  const tap = peer.messages.tap(end, rules && { rules })
  await tap.ready
  const heard: string[] = []
  void (async () => {
    for await (const { body } of tap) heard.push(new TextDecoder().decode(body))
  })()
  return heard
}

describe('taps', () => {
  it('hear their own end, by their own rules: in other tabs, in the same tab, and in the home itself', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [home, other] = network.nodes
    const [tab, neighbour, sender] = await Promise.all([network.addTab(home), network.addTab(home), network.addTab(other)])
    const all = await listen(tab, '#news')
    const sport = await listen(tab, '#news', [{ is: { topic: 'sport' } }])
    const answers = await listen(neighbour, '#news', [{ has: ['re'] }, { is: { type: 'text/html' } }])
    const both = await listen(home.peer, '#news', [{ is: { topic: 'sport' }, has: ['re'] }])
    const elsewhere = await Promise.all([listen(tab, '#other'), listen(neighbour, '#other'), listen(home.peer, '#other')])
    const drafts: MessageDraft[] = [
      { body: 'plain' },
      { body: 'sport', fields: { topic: 'sport' } },
      { body: 'answer', fields: { re: '00' } },
      { body: 'page', type: 'text/html' },
      { body: 'both', fields: { topic: 'sport', re: '00' } },
    ]
    for (const draft of drafts) expect((await sender.messages.post('#news', draft)).outcome.state).toBe('heard')
    await sender.messages.post('#other', { body: 'the end' })
    await waitFor(() => elsewhere.every((heard) => heard.length === 1), 5_000, 'the last one')
    expect(all).toEqual(['plain', 'sport', 'answer', 'page', 'both'])
    expect(sport).toEqual(['sport', 'both'])
    expect(answers).toEqual(['answer', 'page', 'both'])
    expect(both).toEqual(['both'])
    expect(elsewhere).toEqual([['the end'], ['the end'], ['the end']])
  })

  it('are counted for the sender of a message, when rules let only some of them get it', async () => {
    const network = await createNetwork({ nodes: 3 })
    const [home, other] = network.nodes
    const tabs = await Promise.all([network.addTab(home), network.addTab(home), network.addTab(home)])
    await Promise.all(tabs.map((tab, i) => listen(tab, '#news', [{ is: { topic: i === 0 ? 'sport' : 'music' } }])))
    const { outcome } = await other.peer.messages.post('#news', { body: 'x', fields: { topic: 'music' } })
    expect(outcome).toEqual({ state: 'heard', taps: 2 })
  })

  it('are bounded: for a tab, and for all tabs of a home', async () => {
    const network = await createNetwork({ nodes: 1, limits: { maxTapsPerPeer: 3, maxTaps: 5 } })
    const [home] = network.nodes
    const [first, second] = await Promise.all([network.addTab(home), network.addTab(home)])
    const tapAll = (tab: Peer, count: number) =>
      Promise.allSettled(Array.from({ length: count }, (_, i) => tab.messages.tap(`#end-${i}`).ready)).then((results) =>
        results.map((result) => (result.status === 'fulfilled' ? 'taken' : (result.reason as { code: string }).code)),
      )
    expect(await tapAll(first, 4)).toEqual(['taken', 'taken', 'taken', 'ERR_LIMIT'])
    expect(await tapAll(second, 3)).toEqual(['taken', 'taken', 'ERR_LIMIT'])
    expect(home.peer.status().counts.taps).toBe(5)
    await first.stop()
    await waitFor(() => home.peer.status().counts.taps === 2, 5_000, 'those of a tab go with it')
  })

  it('of a tab that does not read are cut off, and the others get every message', async () => {
    const network = await createNetwork({ nodes: 2, limits: { messageBurst: 100_000 } })
    const [home, other] = network.nodes
    const stuck = await startMessagePeer({ role: 'tab', join: home.address })
    const stream = await stuck.open(home.address)
    const { key } = parseEnd('#busy')
    stuck.hold(key)
    stream.send({ type: 'tap', sequence: 1, end: key, rules: [], keeps: false, proof: undefined })
    await stream.answer(1)
    stream.stream.pause()
    const tab = await network.addTab(home)
    const heard = await listen(tab, '#busy')
    expect(home.peer.status().counts.taps).toBe(2)
    const body = 'x'.repeat(60_000)
    let posted = 0
    for (; posted < 300 && home.peer.status().counts.taps === 2; posted++) {
      const { id, outcome } = await other.peer.messages.post('#busy', { body: `${posted} ${body}` })
      expect([encodeKeyHex(id).length, outcome.state]).toEqual([64, 'heard'])
    }
    expect(home.peer.status().counts.taps).toBe(1)
    expect(posted).toBeLessThan(300)
    await waitFor(() => heard.length === posted, 5_000, 'the other has heard all')
    expect(heard.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: posted }, (_, i) => i))
  })
})
