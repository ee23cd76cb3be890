/** `mayfly send` through real nodes, to receivers that are there, away, or unknown. */

import { PassThrough } from 'node:stream'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../../node/cli/command.ts'
import {
  createMessageSecret,
  encodeKeyHex,
  hashnameOf,
  type Kept,
  type Message,
  type MessageSecret,
  publicKeyOf,
} from '../../node/index.ts'
import { openOutboxStore, outboxPathIn } from '../../node/server/store/outbox-store.ts'
import { type CollectingStream, createCollectingStream } from '../helpers/collecting-stream.ts'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { createNetwork, type Network } from '../helpers/network.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Nothing listens at the discard port. */
const NOWHERE = 'http://127.0.0.1:9'

let network: Network
let data: string
beforeEach(async () => {
  network = await createNetwork({ nodes: 2 })
  data = await createTemporaryDirectory()
})

interface SendOptions {
  stdin?: string | Uint8Array
  join?: string
  signal?: AbortSignal
  stdout?: CollectingStream
}

/** The command within this process, as JSON. */
async function send(
  args: string[],
  {
    stdin = '',
    join = network.nodes[0]?.address ?? '',
    signal = new AbortController().signal,
    stdout = createCollectingStream(),
  }: SendOptions = {},
) {
  const stderr = createCollectingStream()
  const argv = ['send', ...args, '--json', '--data', data, '--join', join]
  const exitCode = await runCommand({ argv, env: {}, stdin: new PassThrough().end(stdin), stdout, stderr, signal })
  const lines = stdout
    .text()
    .split('\n')
    .filter((line) => line !== '')
  return { exitCode, facts: lines.map((line) => JSON.parse(line)), stderr: stderr.text() }
}

/** A receiver behind the second node; collects the stored bodies, as text. */
async function startReceiver(end: string, secret?: MessageSecret) {
  const stored: Message[] = []
  const peer = await network.addTab(network.nodes[1] as Network['nodes'][0])
  const keep = async (messages: Message[]): Promise<Kept[]> =>
    messages.map((message) => {
      if (!stored.some(({ id }) => encodeKeyHex(id) === encodeKeyHex(message.id))) stored.push(message)
      return 'stored'
    })
  const tap = peer.messages.tap(end, { keep, ...(secret && { secret }) })
  await tap.ready
  return { peer, tap, stored, texts: () => stored.map(({ body }) => new TextDecoder().decode(body)) }
}

const RECEIVER = createMessageSecret()
const ADDRESS = hashnameOf(publicKeyOf(RECEIVER))

describe('command: send', () => {
  test('to an open end: text, standard input as it is, type, fields and what it answers; always from the same sender', async () => {
    const { stored, texts } = await startReceiver('#wall')
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const first = await send([
      '#wall',
      'grüezi',
      '--wait',
      '20s',
      '--type',
      'text/markdown',
      '--field',
      'topic=a=b',
      '--field',
      'x=',
      '--ttl',
      '1h',
    ])
    expect(first).toMatchObject({ exitCode: 0, stderr: '', facts: [{ state: 'stored', receipts: [{ storedAtMs: expect.any(Number) }] }] })
    const [{ id }] = first.facts
    await send(['#wall', '-', '--wait', '20s', '--re', id], { stdin: bytes })
    await send(['#wall', '--wait', '20s'], { stdin: 'piped\n' })
    expect(stored.map(({ type, fields }) => [type, fields])).toEqual([
      ['text/markdown', { topic: 'a=b', x: '' }],
      ['application/octet-stream', { re: id }],
      ['text/plain', {}],
    ])
    expect(encodeKeyHex((stored[0] as Message).id)).toBe(id)
    expect([texts()[0], stored[1]?.body, texts()[2]]).toEqual(['grüezi', bytes, 'piped\n'])
    expect(new Set(stored.map(({ from }) => hashnameOf(from))).size).toBe(1)
    expect((stored[0]?.expiresAtMs ?? 0) - (stored[0]?.sentAtMs ?? 0)).toBe(3_600_000)
  })

  test('to a receiver that nobody has met is refused; to one that was there it waits, and says what came of it', async () => {
    expect(await send([ADDRESS, 'canary'])).toMatchObject({
      exitCode: 1,
      facts: [{ state: 'refused', reason: 'unknown-receiver', receipts: [] }],
    })
    const receiver = await startReceiver(ADDRESS, RECEIVER)
    expect(await send([ADDRESS, 'one', '--wait', '20s'])).toMatchObject({ exitCode: 0, facts: [{ receipts: [{ receiver: ADDRESS }] }] })
    await receiver.tap.close()
    expect(await send([ADDRESS, 'two'])).toMatchObject({ exitCode: 0, facts: [{ state: 'queued' }] })
    expect(await send([ADDRESS, 'three', '--wait', '1s'])).toMatchObject({ exitCode: 1, facts: [{ state: 'queued' }] })
    const again = await startReceiver(ADDRESS, RECEIVER)
    await waitFor(
      () => again.stored.length === 2,
      20_000,
      () => `two and three arrive: ${again.texts()}`,
    )
    expect(again.texts().toSorted()).toEqual(['three', 'two'])
    expect(again.stored.every(({ isSealed }) => isSealed)).toBe(true)
  })

  test('a message that found no receiver is sent by the next command', async () => {
    expect(await send(['#wall', 'early'])).toMatchObject({ exitCode: 0, facts: [{ state: 'queued', nodes: 0 }] })
    const { texts } = await startReceiver('#wall')
    expect(await send(['#wall', 'later', '--wait', '20s'])).toMatchObject({ exitCode: 0, facts: [{ state: 'stored' }] })
    await waitFor(
      () => texts().length === 2,
      10_000,
      () => `both: ${texts()}`,
    )
    expect(texts().toSorted()).toEqual(['early', 'later'])
    const store = openOutboxStore(outboxPathIn(data))
    onTestFinished(() => store.close())
    expect((await store.list(10)).map(({ outcome }) => outcome?.state)).toEqual(['stored', 'stored'])
  })

  test('without a network ends with 4, and the message is sent when there is one; a sealed one for a stranger cannot wait', async () => {
    const offline = ['--timeout', '300ms']
    const kept = await send(['#wall', 'offline', ...offline], { join: NOWHERE })
    expect(kept).toMatchObject({ exitCode: 4, facts: [{ state: 'queued', nodes: 0 }] })
    expect(JSON.parse(kept.stderr).error.code).toBe('ERR_NO_NETWORK')
    expect(await send([ADDRESS, 'canary', ...offline], { join: NOWHERE })).toMatchObject({ exitCode: 4, facts: [] })
    expect(await send(['#wall', '-', ...offline], { join: NOWHERE, stdin: 'x'.repeat(70_000) })).toMatchObject({ exitCode: 4, facts: [] })
    const { texts } = await startReceiver('#wall')
    await send(['#wall', 'online', '--wait', '20s'])
    await waitFor(
      () => texts().length === 2,
      10_000,
      () => `both: ${texts()}`,
    )
    expect(texts().toSorted()).toEqual(['offline', 'online'])
  })

  test('a body that is too large goes as content, and the command stays until it is fetched; to be told to end before is a failure', async () => {
    const { stored, peer } = await startReceiver(ADDRESS, RECEIVER)
    const open = await startReceiver('#wall')
    const body = 'large '.repeat(20_000)
    const sending = send(['#wall', '-'], { stdin: body })
    await waitFor(() => open.stored.length === 1, 20_000, 'the link arrives')
    const { fields, body: empty } = open.stored[0] as Message
    expect(empty.byteLength).toBe(0)
    const [, hash = ''] = /^\/([0-9a-f]{64})/.exec(fields.link ?? '') ?? []
    const content = await peer.content.get(Buffer.from(hash, 'hex'))
    expect(new TextDecoder().decode(content.bytes)).toBe(body)
    expect(await sending).toMatchObject({ exitCode: 0, facts: [{ state: 'stored' }] })

    const ended = new AbortController()
    const stdout = createCollectingStream()
    const held = send([ADDRESS, '-'], { stdin: body, signal: ended.signal, stdout })
    await waitFor(() => stdout.text().includes('stored'), 20_000, 'the sealed link arrives, and its sender says so')
    expect(stored[0]?.fields.link).toMatch(/#k=/)
    ended.abort()
    const interrupted = await held
    expect(interrupted).toMatchObject({ exitCode: 1, facts: [{ state: 'stored' }] })
    expect(JSON.parse(interrupted.stderr).error.message).toContain('before anybody had fetched')
  })

  test('a large body that nobody came for is not sent later, without itself', async () => {
    const ended = new AbortController()
    const stdout = createCollectingStream()
    const sending = send(['#wall', '-'], { stdin: 'large '.repeat(20_000), signal: ended.signal, stdout })
    await waitFor(() => stdout.text().includes('queued'), 30_000, 'nobody listens')
    ended.abort()
    expect(JSON.parse((await sending).stderr).error.message).toContain('taken out of the outbox')
    const { texts, stored } = await startReceiver('#wall')
    await send(['#wall', 'small', '--wait', '20s'])
    await waitFor(() => texts().includes('small'), 10_000, 'what is sent afterwards arrives')
    expect(stored).toHaveLength(1)
    const store = openOutboxStore(outboxPathIn(data))
    onTestFinished(() => store.close())
    expect(await store.list(10)).toHaveLength(1)
  })

  test('--wait ends when it says, also where nobody fetches a body that went as content', async () => {
    await startReceiver('#wall')
    const sent = await send(['#wall', '-', '--wait', '3s'], { stdin: 'large '.repeat(20_000) })
    expect(sent).toMatchObject({ exitCode: 1, facts: [{ state: 'stored' }] })
    expect(JSON.parse(sent.stderr).error).toMatchObject({ code: 'ERR_UNAVAILABLE', message: expect.stringContaining('not fetched in 3s') })
  })

  test('a running node sends what a command with its identity could not', async () => {
    await using node = await startNodeProcess({ join: [network.nodes[0]?.address ?? ''], data })
    const { texts, stored } = await startReceiver('#wall')
    const { code } = await runMayfly(['send', '#wall', 'by the node', '--join', NOWHERE, '--timeout', '300ms', '--data', data])
    expect(code).toBe(4)
    await waitFor(() => texts().length === 1, 30_000, 'the node sends it')
    expect(texts()).toEqual(['by the node'])
    const { stdout, code: own } = await runMayfly(['send', '#wall', 'by itself', '--wait', '20s', '--join', node.url, '--data', data])
    expect([own, stdout.toString()]).toEqual([0, 'stored by 1 receiver\n'])
    expect(new Set(stored.map(({ from }) => hashnameOf(from))).size).toBe(1)
  })

  test('a message that cannot be encoded is wrong usage, and nothing of it stays', async () => {
    for (const wrong of [
      ['--field', 'From=me'],
      ['--type', 'text'],
      ['--ttl', '10ms'],
    ]) {
      expect(await send(['#wall', 'x', ...wrong])).toMatchObject({ exitCode: 2, facts: [] })
    }
    const store = openOutboxStore(outboxPathIn(data))
    onTestFinished(() => store.close())
    expect(await store.list(10)).toEqual([])
  })
})
