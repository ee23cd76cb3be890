/** Limits of one client's fetches, by number and rate, at a real server behind a proxy that names its clients. */

import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createGateway, createGatewayServer } from '../../../gateway/index.ts'
import type { GatewayLimits } from '../../../gateway/types.ts'
import { encodeKeyHex } from '../../../node/index.ts'
import { ask, codeOf } from '../../helpers/gateway.ts'
import { generatedContent } from '../../helpers/generated-content.ts'
import { createNetwork } from '../../helpers/network.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const MIB = 1_048_576

/** A holder, and a gateway of another node in front of it. */
async function setUp(limits: Partial<GatewayLimits>, size = 16 * MIB) {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [holder, reader] = nodes
  const { key, outline } = await holder.peer.content.hold(generatedContent(size))
  const server = createGatewayServer({ trustProxy: true })
  server.serve(createGateway({ peer: reader.peer, version: '0.0.0-test', limits, token: 'secret' }))
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.stop())
  const hash = encodeKeyHex(key)
  return { holder, reader, port, hash, link: outline === undefined ? `/raw/${hash}` : `/raw/${hash}?o=${encodeKeyHex(outline)}` }
}

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

interface Reading {
  status: number
  bytes: number
  go(): void
  end(): void
}

/** Begins to read; stands still after the first bytes when told so. */
function read(port: number, path: string, address: string, standsStill = false): Promise<Reading> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false, ...from(address) }, (incoming) => {
      const reading: Reading = {
        status: incoming.statusCode ?? 0,
        bytes: 0,
        go: () => void incoming.resume(),
        end: () => void incoming.destroy(),
      }
      incoming.on('error', () => {})
      incoming.on('data', (chunk: Buffer) => {
        reading.bytes += chunk.byteLength
      })
      if (standsStill) incoming.once('data', () => incoming.pause())
      incoming.once('data', () => resolve(reading))
    })
    outgoing.on('error', reject)
    outgoing.end()
    onTestFinished(() => void outgoing.destroy())
  })
}

test('a client’s fetch too many is 429, names the limit, says when, and an end makes room; others are not touched', async () => {
  const { port, link } = await setUp({ maxFetchesPerAddress: 2 })
  const first = await read(port, link, '2001:db8::1', true)
  await read(port, link, '2001:db8::2', true)
  const refused = await ask(port, link, from('2001:db8::3'))
  expect([refused.status, codeOf(refused)]).toEqual([429, 'ERR_LIMIT'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(JSON.parse(refused.text).error.message).toContain('at most 2 fetches at once')
  expect((await ask(port, link, { ...from('2001:db8:0:1::1'), method: 'HEAD' })).status).toBe(200)
  expect((await ask(port, link, { method: 'HEAD' })).status).toBe(200)
  first.end()
  await waitFor(async () => (await ask(port, link, { ...from('2001:db8::3'), method: 'HEAD' })).status === 200, 10_000, 'there is room')
})

test('a fetch that has ended, well or badly, is not counted any more', async () => {
  const { port, link } = await setUp({ maxFetchesPerAddress: 1 }, 300_000)
  for (const path of [link, link, `/raw/${'0'.repeat(64)}`, '/raw/x', link, `${link}&format=cake`, link]) {
    expect((await ask(port, path, from('192.0.2.1'))).status).not.toBe(429)
  }
  const metrics = await ask(port, '/metrics', { headers: { authorization: 'Bearer secret' } })
  expect(metrics.text).toContain('\nmayfly_http_fetches 0\n')
})

test('a client’s rate is kept over all its streams, evenly, and its holders are slowed down with it', { timeout: 60_000 }, async () => {
  const rate = MIB
  const { holder, port, link } = await setUp({ maxBytesPerSecondPerAddress: rate })
  const free = await read(port, link, '192.0.2.9', true)
  const startedAtMs = performance.now()
  const streams = await Promise.all([read(port, link, '192.0.2.1'), read(port, link, '192.0.2.1')])
  await waitFor(() => streams.every(({ bytes }) => bytes > MIB), 30_000, 'both go on')
  const seconds = (performance.now() - startedAtMs) / 1_000
  const taken = streams.reduce((sum, { bytes }) => sum + bytes, 0)
  // A busy machine makes it slower, never faster.
  expect(taken).toBeLessThan(rate * (seconds + 0.25) + MIB / 4)
  const [less, more] = streams.map(({ bytes }) => bytes).toSorted((a, b) => a - b) as [number, number]
  expect(less / more).toBeGreaterThan(0.6)
  // Both read the same pieces, which come once; what is read ahead is all that may have come besides.
  expect(holder.peer.status().counts.bytesServed).toBeLessThan(taken + 6 * MIB)
  free.go()
  await waitFor(() => free.bytes > MIB, 30_000, 'another client has a rate of its own')
})

test('small content, in memory, counts for the rate as well', async () => {
  const { port, link } = await setUp({ maxBytesPerSecondPerAddress: MIB }, 262_144)
  await ask(port, link) // it is in memory from now on
  const startedAtMs = performance.now()
  for (let i = 0; i < 6; i++) expect((await ask(port, link, from('192.0.2.1'))).body.byteLength).toBe(262_144)
  // 1.5 MiB: a quarter of a second’s worth comes at once, and the last part is paid for afterwards.
  expect(performance.now() - startedAtMs).toBeGreaterThan(1_000)
})

test('the limits are what the status says', async () => {
  const { port } = await setUp({ maxFetchesPerAddress: 3, maxBytesPerSecondPerAddress: 5 }, 10)
  const { limits } = JSON.parse((await ask(port, '/api/v1/status')).text)
  expect(limits).toMatchObject({ maxPeerBytesPerSecond: 0, http: { maxFetchesPerAddress: 3, maxBytesPerSecondPerAddress: 5 } })
})
