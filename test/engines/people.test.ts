/** The people page from one engine to the next: two accounts become contacts by a link, and are there after a reload. */

import { describe, expect, test } from 'vitest'
import { ENGINES, type EnginePage, openEngine, sees } from '../helpers/engines.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()

const shown = (testId: string) => `document.querySelector('[data-testid="${testId}"]')`
const seesContact = (page: EnginePage, alias: string, instances: number) =>
  sees(
    page,
    `[...document.querySelectorAll('[data-testid="contacts"] [data-instances="${instances}"]')].some((li) => li.innerText.includes('${alias}'))`,
  )

async function makeAccount(page: EnginePage): Promise<void> {
  await page.goto(`${node.url}/people`)
  await sees(page, shown('make-account'))
  await page.click('[data-testid="make-account"]')
  await sees(page, shown('add-alias'))
}

describe.each(ENGINES)('engines: people of %s', (engine) => {
  const next = ENGINES[(ENGINES.indexOf(engine) + 1) % ENGINES.length] as typeof engine

  test('become contacts, see each other, show a note, and are there after a reload; an account is forgotten', async (context) => {
    const [ann, ben] = await Promise.all([openEngine(engine, context), openEngine(next, context)])
    await Promise.all([ann, ben].map(makeAccount))
    await ann.fill('[data-testid="add-alias"]', 'Ben')
    await ann.click('[data-testid="add-contact"]')
    await sees(ann, shown('page-link'))
    await ben.goto(await ann.evaluate<string>(`${shown('page-link')}.value`))
    await sees(ben, shown('claim-alias'))
    await ben.fill('[data-testid="claim-alias"]', 'Ann')
    await ben.click('[data-testid="claim"]')
    for (const page of [ann, ben]) await sees(page, `${shown('words')}?.innerText`)
    await seesContact(ann, 'Ben', 1)
    await seesContact(ben, 'Ann', 1)
    await ann.click('[data-testid="write-note"]')
    await sees(ann, shown('note-text'))
    await ann.fill('[data-testid="note-text"]', 'hello from here')
    await ann.click('[data-testid="send-note"]')
    await sees(ben, shown('consent-once'))
    await ben.click('[data-testid="consent-once"]')
    await sees(ben, `${shown('note')}?.innerText.includes('hello from here')`)
    await sees(ann, `${shown('note-outcome')}?.innerText.includes('has it')`)
    await ann.reload()
    await seesContact(ann, 'Ben', 1)
    await ann.evaluate(`${shown('forget-account')}.open = true`)
    await ann.click('[data-testid="sure"]')
    await ann.click('[data-testid="forget"]')
    await sees(ann, shown('forgotten'))
    await seesContact(ben, 'Ann', 0)
    expect(await ann.evaluate(`localStorage.getItem('mayfly-people')`)).toBe(null)
  })
})
