/** `mayfly receive`, and `mayfly start --receive`, as processes of their own, behind real nodes. */

import { describe, expect, onTestFinished, test } from 'vitest'
import { createPeer, type Peer } from '../../node/index.ts'
import { type MayflyProcess, runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { untilJoined } from '../helpers/network.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const nodes = useNodePair()
/** Time limit for the delivery of a message on a busy machine, in ms. */
const WAIT_MS = 20_000

interface RunningReceiver {
  mayfly: MayflyProcess
  hashname: string
  url: string
  /** The next message that it says, as JSON. */
  next(fits: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
}

async function startReceiving(args: string[], data: string, node = nodes.near): Promise<RunningReceiver> {
  const mayfly = spawnMayfly(['receive', ...args, '--json', '--join', node.url, '--data', data, '--port', '0'])
  const { hashname, url } = JSON.parse(await mayfly.stdout.waitFor(() => true, { timeoutMs: WAIT_MS }))
  return {
    mayfly,
    hashname,
    url,
    next: async (fits) => JSON.parse(await mayfly.stdout.waitFor((line) => fits(JSON.parse(line)), { from: 1, timeoutMs: WAIT_MS })),
  }
}

async function joinAsSender(): Promise<Peer> {
  const peer = await createPeer({ join: [nodes.far.url] })
  onTestFinished(() => peer.stop())
  await peer.start()
  await untilJoined(peer)
  return peer
}

/** Retries until the receiver has reached its home: before that, no node knows of it. */
async function postUntilStored(peer: Peer, end: string, body: string): Promise<void> {
  await waitFor(
    async () => {
      const { outcome } = await peer.messages.post(end, { body }, { waitMs: WAIT_MS })
      return outcome.state === 'stored'
    },
    2 * WAIT_MS,
    `a message to ${end} is stored`,
  )
}

describe('receive', () => {
  test('says its address first, then each message, to its own address and to open ends; an export has them after a restart', async () => {
    const data = await createTemporaryDirectory()
    const receiver = await startReceiving(['#wall', '--tap', '#other', '--rule', '{"is":{"type":"text/plain"}}'], data)
    const sender = await joinAsSender()
    await postUntilStored(sender, receiver.hashname, 'sealed')
    await postUntilStored(sender, '#wall', 'to the wall')
    await postUntilStored(sender, '#other', 'to the other')
    const sealed = await receiver.next(({ body }) => body === 'sealed')
    expect(sealed).toMatchObject({ end: receiver.hashname, from: sender.messages.hashname, isSealed: true, type: 'text/plain' })
    expect(await receiver.next(({ body }) => body === 'to the wall')).toMatchObject({ end: '#wall', isSealed: false })
    expect(await receiver.next(({ body }) => body === 'to the other')).toMatchObject({ end: '#other' })

    const unruly = await sender.messages.post('#wall', { body: '{}', type: 'application/json' }, { waitMs: 200 })
    expect(unruly.outcome.state).not.toBe('stored')

    const kept = await fetch(`${receiver.url}/to/${receiver.hashname}/json?poll=1&since=all`)
    expect(
      (await kept.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).body),
    ).toContain('sealed')
    expect(await receiver.mayfly.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(receiver.mayfly.stderr.lines).toEqual([])

    const exported = await runMayfly(['receive', '#wall', '--export', '--data', data])
    const lines = exported.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([exported.code, lines.map(({ body }) => body).sort()]).toEqual([0, ['sealed', 'to the other', 'to the wall']])
    expect(lines.find(({ body }) => body === 'sealed')).toMatchObject(sealed)
    expect(Buffer.from(lines[0].envelope, 'base64').byteLength).toBeGreaterThan(100)

    const again = await startReceiving(['#wall'], data)
    expect(again.hashname).toBe(receiver.hashname)
    await postUntilStored(sender, again.hashname, 'after the restart')
    await again.next(({ body }) => body === 'after the restart')
    expect(await again.mayfly.kill('SIGINT')).toEqual({ code: 0, signal: null })
  })

  test('muted and unknown senders learn that they are, a named one gets through; names last', async () => {
    const data = await createTemporaryDirectory()
    const [anna, bert] = [await joinAsSender(), await joinAsSender()]
    const names = ['--name', `${anna.messages.hashname}=Anna`, '--mute', bert.messages.hashname]
    const first = await startReceiving(['known', '--policy', 'known', ...names], data)
    await postUntilStored(anna, first.hashname, 'hello')
    expect(await first.next(({ body }) => body === 'hello')).toMatchObject({ name: 'Anna' })
    const outcomeOf = async (peer: Peer) => (await peer.messages.post(first.hashname, { body: 'may I' }, { waitMs: WAIT_MS })).outcome
    expect(await outcomeOf(bert)).toMatchObject({ state: 'refused', reason: 'muted' })
    expect(await outcomeOf(await joinAsSender())).toMatchObject({ state: 'refused', reason: 'unknown-sender' })
    await first.mayfly.kill('SIGTERM')

    const second = await startReceiving(['known'], data)
    await postUntilStored(anna, second.hashname, 'again')
    expect(await second.next(({ body }) => body === 'again')).toMatchObject({ name: 'Anna' })
  })

  test('killed and started again, it has what its receipts said to be stored, once', async () => {
    const data = await createTemporaryDirectory()
    const sender = await joinAsSender()
    const stored = new Set<string>()
    sender.messages.onOutbox(({ id, outcome }) => {
      if (outcome?.state === 'stored') stored.add(Buffer.from(id).toString('hex'))
    })
    for (let round = 1; round <= 2; round++) {
      const receiver = await startReceiving(['killed'], data)
      await postUntilStored(sender, receiver.hashname, `first of ${round}`)
      const before = stored.size
      for (let i = 0; i < 200; i++) await sender.messages.post(receiver.hashname, { body: `${round} ${i}` }, { waitMs: 0 })
      await waitFor(() => stored.size > before + 20, WAIT_MS, 'some more are stored')
      await receiver.mayfly.kill('SIGKILL')
    }
    const { stdout } = await runMayfly(['receive', 'killed', '--export', '--data', data])
    const ids = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id as string)
    expect(new Set(ids).size).toBe(ids.length)
    expect([...stored].filter((id) => !ids.includes(id))).toEqual([])
  })

  test('stored messages can be read without a network', async () => {
    const data = await createTemporaryDirectory()
    const mayfly = spawnMayfly(['receive', '--data', data, '--join', 'http://127.0.0.1:9', '--port', '0'])
    await mayfly.stdout.waitFor((line) => line.startsWith('http://'), { timeoutMs: WAIT_MS })
    const [hashname, url] = mayfly.stdout.lines
    expect(hashname).toMatch(/^[a-z2-7]{52}$/)
    expect((await fetch(`${url}/`)).status).toBe(200)
    expect(await mayfly.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})

test('start --receive: the node itself receives, and shows its inbox', async () => {
  const node = await startNodeProcess({ join: [nodes.near.url], args: ['--receive', 'home', '--tap', '#hall'] })
  const { hashname } = (await node.waitForLog(({ msg }) => msg === 'started')) as { hashname: string }
  const sender = await joinAsSender()
  await postUntilStored(sender, hashname, 'to the node')
  await postUntilStored(sender, '#hall', 'to the hall')
  const kept = await fetch(`${node.url}/to/${hashname}/json?poll=1&since=all`)
  expect(
    (await kept.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).body),
  ).toContain('to the node')
  expect((await fetch(`${node.url}/inbox`)).status).toBe(200)
  expect(await node.stop()).toEqual({ code: 0, signal: null })
})
