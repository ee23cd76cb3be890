import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { openGatewayPosts } from '../../../node/cli/fetch/gateway-posts.ts'
import { createHttpServer } from '../../helpers/http-server.ts'

test('gateway posts: a post that is given up ends at once; the gateway that it waited for takes the next one', async () => {
  const terms = () => JSON.stringify({ maxMessageBytes: 1_000, nowMs: Date.now(), joined: true })
  const leaving = await createHttpServer((request, response) => {
    if (request.method === 'POST') response.destroy()
    else response.end(terms())
  })
  const asked = Promise.withResolvers<ServerResponse>()
  const slow = await createHttpServer((request, response) => {
    if (request.method === 'POST') response.end(JSON.stringify({ taps: 1, keepers: 0, nodes: 1, untilMs: 7, receipts: [], declines: [] }))
    else asked.resolve(response)
  })
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  const posts = await openGatewayPosts([leaving, slow], { timeoutMs: 600_000, signal: ending.signal })
  const given = new AbortController()
  const post = posts?.post(new Uint8Array(10), { signal: given.signal })
  const answer = await asked.promise
  given.abort(new Error('given up'))
  await expect(post).rejects.toThrow('given up')
  answer.end(terms())
  expect(await posts?.post(new Uint8Array(10), { signal: ending.signal })).toMatchObject({ taps: 1, untilMs: 7 })
})
