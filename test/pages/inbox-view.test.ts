/** The inbox's view in a real Chromium: received messages, hostile text, sending, on a phone as well. */

import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { createGatewayServer, createInboxGateway } from '../../gateway/index.ts'
import { useChromium } from '../helpers/chromium.ts'
import { type InboxFront, startInbox } from '../helpers/inbox-front.ts'
import { MY_HASHNAME, SENDER } from '../helpers/memory-inbox.ts'

const PHONE = { width: 375, height: 812 }
const chromium = useChromium()

/** The page once it receives messages, and its errors; there should be none. */
async function openView({ url }: InboxFront, options: Parameters<typeof chromium.newPage>[0] = {}, query = '') {
  const page = await chromium.newPage(options)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    dialog.dismiss().catch(() => {}) // it may be gone with the page
  })
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text())
  })
  await page.goto(`${url}/${query}`)
  if (options.javaScriptEnabled !== false) await page.locator('#live[data-state="open"]').waitFor()
  onTestFinished(() => expect(faults).toEqual([]))
  return page
}

const bodies = (page: Page) => page.locator('article .body').allTextContents()

test('a received message is put on top by itself, once, and counted; one of another page is not', async () => {
  const front = await startInbox()
  front.inbox.deliver({ body: 'first' })
  const page = await openView(front)
  const wall = await openView(front, {}, '?end=%23wall')
  for (const body of ['second', 'third']) front.inbox.deliver({ body })
  front.inbox.deliver({ body: 'sealed', end: MY_HASHNAME, isSealed: true })
  front.inbox.deliver({ body: 'last' })
  await page.getByText('last').waitFor()
  await wall.getByText('last').waitFor()
  expect(await bodies(page)).toEqual(['last', 'sealed', 'third', 'second', 'first'])
  expect(await bodies(wall)).toEqual(['last', 'third', 'second', 'first'])
  expect(await page.locator('.count').allTextContents()).toEqual(['5', '1', '4'])
  expect(await page.locator('#news').textContent()).toMatch(/new messages?$/) // for people who cannot see it
  await page.reload()
  expect(await bodies(page)).toEqual(['last', 'sealed', 'third', 'second', 'first'])
})

test('a page whose node was away gets what it missed, also when it came back too early', async () => {
  const front = await startInbox()
  const page = await openView(front)
  await front.stop()
  front.inbox.deliver({ body: 'missed' })
  // At first the port answers 503, after which browsers do not try again by themselves.
  const refused = page.waitForResponse((response) => response.status() === 503)
  const server = createGatewayServer()
  onTestFinished(() => server.stop())
  await server.listen({ port: front.port, host: '127.0.0.1' })
  await refused
  server.serve(createInboxGateway({ inbox: front.inbox, version: '0.0.0-test' }))
  await page.getByText('missed').waitFor()
  await page.locator('#live[data-state="open"]').waitFor()
})

test('times are said as their reader says them', async () => {
  const front = await startInbox()
  front.inbox.deliver({ storedAtMs: Date.UTC(2026, 0, 2, 15, 4) })
  const page = await openView(front, { locale: 'de-DE', timezoneId: 'Europe/Berlin' })
  const time = page.locator('article time')
  expect([await time.textContent(), await time.getAttribute('datetime')]).toEqual(['02.01.2026, 16:04', '2026-01-02T15:04:00.000Z'])
})

test('text of strangers stays text: no script runs, nothing is turned around, no page grows wide', async () => {
  const front = await startInbox({ openEnds: ['#wall', `#${'x'.repeat(64)}`, '#<b>&"\''] })
  const { inbox } = front
  const attack = '"><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>'
  inbox.setSender(SENDER, { name: `${attack}\u202eadA` })
  const hostile = [
    { body: attack },
    { body: 'w'.repeat(10_000) },
    { body: '\u202egpj.exe \u0000\u0007' },
    { body: `Z${'\u0301'.repeat(5_000)}` },
    { body: '<a href="javascript:alert(4)">x</a> javascript:alert(5)' },
    { type: `${attack}`, body: Uint8Array.of(1) },
    { fields: { [attack]: attack, link: 'javascript:alert(6)', via: attack, re: attack } },
    { end: `#${'x'.repeat(64)}` },
    { end: '#<b>&"\'' },
  ]
  for (const message of hostile) inbox.deliver(message)
  const page = await openView(front, { viewport: PHONE })
  for (const message of hostile) inbox.deliver(message)
  inbox.deliver({ body: 'the last' })
  await page.getByText('the last').waitFor()
  const found = await page.evaluate(() => ({
    inside: document.querySelectorAll('main :is(img, svg, script, b, iframe, style, object)').length,
    wrongLinks: [...document.links].filter((link) => !/^https?:/.test(link.protocol)).length,
    turned: /[\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent ?? ''),
    isWide: document.documentElement.scrollWidth > innerWidth,
    articles: document.querySelectorAll('article').length,
  }))
  expect(found).toEqual({ inside: 0, wrongLinks: 0, turned: false, isWide: false, articles: 2 * hostile.length + 1 })
})

test('one writes, replies, and reads what became of it; what was refused is still in its box', async () => {
  const front = await startInbox()
  front.inbox.deliver({ body: 'are there rolls?', end: MY_HASHNAME, isSealed: true })
  const page = await openView(front)
  await page.getByLabel('To').fill('#wall')
  await page.getByRole('textbox', { name: 'Message' }).fill('open\nat nine')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('On its way to #wall').waitFor()
  expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('')

  await page.getByRole('link', { name: 'Reply' }).click()
  const box = page.getByRole('textbox', { name: 'Message' })
  await page.getByRole('heading', { name: 'Reply' }).waitFor()
  expect(await box.evaluate((element) => element === document.activeElement)).toBe(true)
  await page.keyboard.type('yes')
  front.inbox.outcome = { state: 'stored', receipts: [{ receiver: new Uint8Array(32), ids: [], storedAtMs: 1, bytes: new Uint8Array() }] }
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('one receiver has stored it').waitFor()
  expect(front.inbox.posted).toEqual([
    { end: '#wall', draft: { body: 'open\nat nine' } },
    { end: SENDER, draft: { body: 'yes', fields: { re: front.inbox.message(1)?.id } } },
  ])

  front.inbox.outcome = { state: 'refused', reason: 'unknown-sender' }
  await page.getByLabel('To').fill('b'.repeat(52))
  await box.fill('may I?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('alert').waitFor()
  expect([await box.inputValue(), await page.getByLabel('To').inputValue()]).toEqual(['may I?', 'b'.repeat(52)])
})

test('it works without a script: search, ends, names, sending', async () => {
  const front = await startInbox()
  front.inbox.deliver({ body: 'bread' })
  front.inbox.deliver({ body: 'rolls', from: 'b'.repeat(52), end: MY_HASHNAME })
  const page = await openView(front, { javaScriptEnabled: false })
  await page.getByRole('searchbox').fill('bread')
  await page.getByRole('button', { name: 'Search' }).click()
  expect(await bodies(page)).toEqual(['bread'])
  await page.getByText('Sender', { exact: true }).click()
  await page.getByLabel('Your name for this sender').fill('Ada')
  await page.getByRole('button', { name: 'Name' }).click()
  await page.getByText('The sender is Ada now.').waitFor()
  expect([await bodies(page), await page.getByRole('heading', { level: 3 }).textContent()]).toEqual([['bread'], 'Ada saaaaaaa…'])
  await page.getByRole('link', { name: 'Sealed to you' }).click()
  expect(await bodies(page)).toEqual(['rolls'])
  await page.getByText('Sender', { exact: true }).click()
  await page.getByRole('button', { name: 'Mute' }).click()
  await page.getByText('The sender is muted').waitFor()
  expect(front.inbox.senders().find(({ hashname }) => hashname !== SENDER)?.isMuted).toBe(true)
  await page.getByLabel('To').fill('#wall')
  await page.getByRole('textbox', { name: 'Message' }).fill('hello')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('On its way').waitFor()
  expect(front.inbox.posted).toEqual([{ end: '#wall', draft: { body: 'hello' } }])
})

test.each(['light', 'dark'] as const)('in the %s, text stands out from what is behind it', async (colorScheme) => {
  const front = await startInbox()
  front.inbox.deliver({ fields: { via: 'pages.example' }, isSealed: true })
  const page = await openView(front, { colorScheme })
  const ratios = await page.evaluate(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
    const luminance = (color: string) => {
      canvas.fillStyle = color
      canvas.fillRect(0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0] = Array.from(canvas.getImageData(0, 0, 1, 1).data, (value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const behind = (element: Element | null): string => {
      if (element === null) return 'Canvas'
      const color = getComputedStyle(element).backgroundColor
      return color === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : color
    }
    return [...document.querySelectorAll('h1, h2, h3, p, a, button, label, summary, dt, dd, code, input, .body, .count')].map((element) => {
      const [text, paper] = [luminance(getComputedStyle(element).color), luminance(behind(element))]
      return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05)
    })
  })
  expect(ratios.length).toBeGreaterThan(20)
  expect(Math.min(...ratios)).toBeGreaterThanOrEqual(4.5)
})
