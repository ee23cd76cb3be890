/** The feed of an inbox in a browser's own `EventSource`, which comes back by itself when it is cut. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { startInbox } from '../helpers/inbox-front.ts'

const chromium = useChromium()

/** A way to a port that can be shut, which cuts all that go it. */
async function openWay(port: number) {
  const sockets = new Set<Socket>()
  let isShut = false
  const server = createServer((near) => {
    if (isShut) return near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const shut = () => {
    isShut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    shut()
    server.close()
  })
  const reopen = () => {
    isShut = false
  }
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, shut, reopen }
}

test('an EventSource from now on that is cut before its first message gets what is stored meanwhile, and nothing twice', async () => {
  const { inbox, port } = await startInbox()
  inbox.deliver({ body: 'before' })
  const way = await openWay(port)
  const page = await chromium.newPage()
  await page.goto(`${way.url}/healthz`)
  await page.evaluate(() => {
    const source = new EventSource('/to/wall/sse')
    const seen: string[] = []
    Object.assign(window, { seen })
    // Its own event, which has no data.
    source.onopen = (event) => seen.push(`open ${'data' in event}`)
    source.addEventListener('opened', () => seen.push('opened'))
    source.addEventListener('end-of-stored', () => seen.push('end-of-stored'))
    source.onmessage = ({ data }) => seen.push(JSON.parse(data).body)
  })
  const seen = (count: number) =>
    page
      .waitForFunction((least) => (window as unknown as { seen: string[] }).seen.length >= least, count)
      .then(() => page.evaluate(() => (window as unknown as { seen: string[] }).seen))
  const began = ['open false', 'opened', 'end-of-stored']
  expect(await seen(3)).toEqual(began)
  for (const missed of ['missed', 'missed again']) {
    way.shut()
    inbox.deliver({ body: missed })
    way.reopen()
    inbox.deliver({ end: inbox.hashname, body: 'of another end' })
    const earlier = await seen(0)
    expect(await seen(earlier.length + 4)).toEqual([...earlier, 'open false', 'opened', missed, 'end-of-stored'])
  }
  inbox.deliver({ body: 'after' })
  expect((await seen(12)).at(-1)).toBe('after')
})
