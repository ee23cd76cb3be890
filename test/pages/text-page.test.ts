/** A page of plain text in a real Chromium: set to be read, with addresses that open, and a button that copies it; and the draft of one. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import { openHome, pressMake, seesContent, seesCount } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

let node: NodeProcess
beforeAll(async () => {
  node = await startNodeProcess()
})
afterAll(() => node?.kill('SIGKILL'))
const chromium = useChromium()

it('is set to be read on a phone in the dark, its addresses open another tab, and its text is copied as it is', async () => {
  const author = await chromium.newPage()
  await openHome(author, node.url)
  const text = `Dear all,\n\nread ${node.url}/messages. Not javascript:alert(1), nor <a href="/">this</a>.\n${'many words '.repeat(60)}`
  await author.getByTestId('page-text').fill(text)
  await pressMake(author)
  await seesCount(author, 1)

  const context = await chromium.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const reader = await context.newPage()
  await reader.goto(author.url())
  await reader.getByRole('button', { name: 'Copy the text' }).click()
  await waitFor(async () => (await reader.evaluate(() => navigator.clipboard.readText())) === text, 20_000, 'the text is copied')

  await seesContent(reader, 'Dear all')
  const page = reader.frameLocator('#content')
  const look = await page.locator('pre').evaluate((pre) => {
    const { fontSize, lineHeight, color } = getComputedStyle(pre)
    const [lightness] = color.match(/\d+/g) ?? []
    return {
      leading: Number.parseFloat(lineHeight) / Number.parseFloat(fontSize),
      size: Number.parseFloat(fontSize),
      lightness: Number(lightness),
    }
  })
  expect(look.size).toBeGreaterThanOrEqual(16)
  expect(look.leading).toBeGreaterThanOrEqual(1.5)
  expect(look.lightness).toBeGreaterThan(200) // light letters: the page is dark
  expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0)

  const links = page.locator('a')
  expect(await links.count()).toBe(1)
  expect(await links.innerText()).toBe(`${node.url}/messages`)
  expect(await links.getAttribute('rel')).toContain('noopener')
  const [opened] = await Promise.all([context.waitForEvent('page'), links.click()])
  await opened.getByTestId('my-address').waitFor()
  expect(await opened.evaluate(() => window.opener === null && document.referrer === '')).toBe(true)
})

it('is there again after a reload while it is being written, and two tabs of one browser that hold it are one person', async () => {
  const context = await chromium.newContext()
  const page = await context.newPage()
  await openHome(page, node.url)
  await page.getByTestId('page-text').fill('not finish')
  await page.reload()
  expect(await page.getByTestId('page-text').inputValue()).toBe('not finish')
  await page.getByTestId('page-text').fill('not finished before')
  await pressMake(page)
  await seesCount(page, 1)

  const second = await context.newPage()
  await second.goto(page.url())
  await second.locator('[data-testid="visit-status"][data-state="holding"]').waitFor()
  const stranger = await chromium.newPage()
  await stranger.goto(page.url())
  for (const tab of [page, second, stranger]) await seesCount(tab, 2)
  const holders = await (await fetch(`${node.url}/api/v1/holders/${new URL(page.url()).pathname.slice(1)}`)).json()
  expect(holders).toMatchObject({ holders: 3, people: 2 })
})
