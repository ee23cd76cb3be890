/** Messages from one engine to the next, at another node: sealed to an address, and to an open name. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENGINES, type EnginePage, element, openEngine, sees } from '../helpers/engines.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'

let a: NodeProcess
let b: NodeProcess
beforeAll(async () => {
  a = await startNodeProcess()
  b = await startNodeProcess({ join: [a.url] })
})
afterAll(() => Promise.all([a, b].map((node) => node?.kill('SIGKILL'))))

/** Resolves with the browser's address. */
async function openMessages(page: EnginePage, { url }: NodeProcess): Promise<string> {
  await page.goto(`${url}/messages`)
  await sees(page, element('connection', 'data-state', 'joined'))
  await sees(page, element('receiving', 'data-state', 'here'))
  return page.evaluate<string>(`document.querySelector('[data-testid="my-address"]').innerText`)
}

async function write(page: EnginePage, to: string, text: string): Promise<void> {
  await page.fill('[data-testid="message-to"]', to)
  await page.fill('[data-testid="message-text"]', text)
  await sees(page, `document.querySelector('[data-testid="send"]').disabled === false`)
  await page.click('[data-testid="send"]')
}

const messagesWith = (text: string) =>
  `[...document.querySelectorAll('[data-testid="inbox"] > li')].filter((li) => li.innerText.includes('${text}'))`
const seesMessage = (page: EnginePage, text: string) => sees(page, `${messagesWith(text)}.length === 1`)
const seesStored = (page: EnginePage, count: number) =>
  sees(page, `document.querySelectorAll('[data-testid="sent"] > li[data-state="stored"]').length === ${count}`)

describe.each(ENGINES)('engines: messages from %s', (engine) => {
  const next = ENGINES[(ENGINES.indexOf(engine) + 1) % ENGINES.length] as typeof engine

  test('sealed to an address are answered, stored, and there after a reload', async (context) => {
    const [ann, bob] = await Promise.all([openEngine(engine, context), openEngine(next, context)])
    const [anns, bobs] = await Promise.all([openMessages(ann, a), openMessages(bob, b)])
    await write(ann, bobs, 'fresh bread')
    await seesMessage(bob, 'fresh bread')
    const { from, sealed } = await bob.evaluate<Record<string, string>>(`({ ...${messagesWith('fresh bread')}[0].dataset })`)
    expect({ from, sealed }).toEqual({ from: anns, sealed: 'true' })
    await seesStored(ann, 1)
    await bob.click('[data-testid="answer"]')
    await bob.fill('[data-testid="message-text"]', 'two loaves')
    await bob.click('[data-testid="send"]')
    await seesMessage(ann, 'two loaves')
    await seesStored(bob, 1)
    for (const page of [ann, bob]) await page.reload()
    await seesMessage(bob, 'fresh bread')
    await seesMessage(ann, 'two loaves')
    await seesStored(ann, 1)
  })

  test('to an open name reach whoever listens, once', async (context) => {
    const [ann, bob] = await Promise.all([openEngine(engine, context), openEngine(next, context)])
    await Promise.all([openMessages(ann, a), openMessages(bob, b)])
    const name = `#wall-${engine}`
    for (const page of [ann, bob]) {
      await page.fill('[data-testid="end-name"]', name)
      await page.click('[data-testid="listen"]')
      await sees(page, `document.querySelector('[data-testid="ends"]')?.innerText.includes('${name}')`)
    }
    for (const text of ['news one', 'news two']) await write(ann, name, text)
    for (const page of [ann, bob]) for (const text of ['news one', 'news two']) await seesMessage(page, text)
    await seesStored(ann, 2)
  })
})
