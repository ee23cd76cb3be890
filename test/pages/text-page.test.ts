/** A page of plain text in a real Chromium: set to be read, with addresses that open, and a button that copies it; and the draft of one. */

import { expect, it } from 'vitest'
import { contentText, openHome, pressMake, seesContent, seesCount, seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'
import { waitFor } from '../helpers/wait-for.ts'

const node = useNode()
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
  const shown = contentText(reader)
  const look = await shown.evaluate((element) => {
    const { fontSize, lineHeight, color } = getComputedStyle(element)
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
  for (const box of [reader.locator('html'), shown]) expect(await box.evaluate((it) => it.scrollWidth - it.clientWidth)).toBe(0)

  const links = shown.locator('a')
  expect(await links.count()).toBe(1)
  expect(await links.innerText()).toBe(`${node.url}/messages`)
  expect(await links.getAttribute('rel')).toContain('noopener')
  const [opened] = await Promise.all([context.waitForEvent('page'), links.click()])
  await opened.getByTestId('my-address').waitFor()
  expect(await opened.evaluate(() => window.opener === null && document.referrer === '')).toBe(true)
})

it('stands in the document that the gateway sends, as letters: no tag in it is one, and no second document is loaded', async () => {
  const author = await chromium.newPage()
  await openHome(author, node.url)
  const text = `Tags in a text:\n<img src=x onerror="document.title='run'"></section><script>document.title='run'</script>\n${'&amp;'.repeat(9)}`
  await author.getByTestId('page-text').fill(text)
  await pressMake(author)
  await seesCount(author, 1)
  for (const javaScriptEnabled of [false, true]) {
    const reader = await chromium.newPage({ javaScriptEnabled })
    await reader.goto(author.url())
    if (javaScriptEnabled) await seesVisit(reader, 'holding')
    expect(await contentText(reader).textContent()).toBe(text)
    expect(await reader.locator('iframe').count()).toBe(0)
    expect(await contentText(reader).locator('*').count()).toBe(0)
    expect(await reader.title()).not.toBe('run')
  }
})

it('has a frame of its own when it is long, whose addresses open another tab as well', async () => {
  const author = await chromium.newPage()
  await openHome(author, node.url)
  await author.getByTestId('page-text').fill(`Look at ${node.url}/messages first.\n${'A long letter. '.repeat(2_000)}`)
  await pressMake(author)
  await seesCount(author, 1)
  const reader = await chromium.newPage()
  await reader.goto(author.url())
  await seesVisit(reader, 'holding')
  const link = reader.frameLocator('iframe#content').locator('pre a')
  const [opened] = await Promise.all([reader.context().waitForEvent('page'), link.click()])
  await opened.waitForURL(`${node.url}/messages`)
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
