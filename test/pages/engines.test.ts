/** The main job in other engines than Chromium, in short: a page that is made in one and opened in another, at another node; and a share from one to another. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { shareAcross } from '../helpers/engine-share.ts'
import { hashIn, makeText, openEngine, openHome, seesCount, seesText, seesVisit } from '../helpers/engines.ts'
import { untilStatus } from '../helpers/gateway-client.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

let a: NodeProcess
let b: NodeProcess
beforeAll(async () => {
  a = await startNodeProcess()
  b = await startNodeProcess({ join: [a.url] })
})
afterAll(() => Promise.all([a, b].map((node) => node?.kill('SIGKILL'))))

test.for([
  ['firefox', 'webkit'],
  ['webkit', 'firefox'],
] as const)(
  'engines: a page made in %s is opened in %s at another node, counted, reloaded, and gone when both have left',
  async (engines, context) => {
    const [author, reader] = await Promise.all([openEngine(engines[0], context), openEngine(engines[1], context)])
    await openHome(author, a.url)
    await makeText(author, `<p>made in ${engines[0]}</p>`)
    const hash = await hashIn(author)
    await reader.goto(`${b.url}/${hash}`)
    await seesVisit(reader, 'holding')
    await seesText(reader, `made in ${engines[0]}`)
    await Promise.all([seesCount(author, 2), seesCount(reader, 2)])
    await author.goto(`${b.url}/healthz`)
    await seesCount(reader, 1)
    expect(await untilStatus([a.url, b.url], hash, 200, 5_000)).toBeLessThan(5_000)
    await reader.reload()
    await seesText(reader, `made in ${engines[0]}`)
    await seesCount(reader, 1)
    await reader.close()
    await untilStatus([a.url, b.url], hash, 404, 15_000)
  },
)

test.for(['firefox', 'webkit'] as const)(
  'engines: in %s a held page cannot close the window around it, also one that shows its first page',
  async (engine, context) => {
    const bytes = '<!doctype html><script>top.close(); document.write("tried")</script>'
    const answer = await fetch(`${a.url}/api/v1/content`, { method: 'PUT', body: bytes })
    const { hash } = (await answer.json()) as { hash: string }
    const page = await openEngine(engine, context)
    await page.goto(`${a.url}/${hash}`)
    await seesVisit(page, 'holding')
    await waitFor(async () => (await page.contentText()).includes('tried'), 20_000, 'the attempt')
    await seesVisit(page, 'holding')
  },
)

test.for([
  ['firefox', 'chromium'],
  ['webkit', 'firefox'],
] as const)('engines: a share in %s is received in %s, also after a reload', async (engines, context) => {
  const [sharer, receiver] = await Promise.all([openEngine(engines[0], context), openEngine(engines[1], context)])
  await shareAcross(a.url, sharer, receiver)
})
