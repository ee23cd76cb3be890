/** The app as one person uses it, in a real Chromium, on a real node. Tests of several nodes stand elsewhere. */

import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import {
  chooseFile,
  contentText,
  hashOf,
  listenForTrouble,
  makeFile,
  makeText,
  openHome,
  pressMake,
  seesConnection,
  seesContent,
  seesCount,
  seesVisit,
  sha256Hex,
} from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { useNode } from '../helpers/one-node.ts'
import { reloadAnyway } from '../helpers/reloading.ts'
import { waitFor } from '../helpers/wait-for.ts'

const HTML = '<!doctype html><title>Greeting</title><style>h1 { color: rgb(1, 2, 3) }</style><h1>hello there</h1>'

const node = useNode()
const chromium = useChromium()

const rawOf = (hash: string) => fetch(`${node.url}/raw/${hash}`)
/** A tab counts itself at once; its node hears of it a moment later. */
const isServed = (hash: string) => expect.poll(async () => (await rawOf(hash)).status, { timeout: 60_000 }).toBe(200)
const bytesOf = async (hash: string) => new Uint8Array(await (await rawOf(hash)).arrayBuffer())

/** Content of this test alone. */
const unique = (words: string) => `${words} ${crypto.randomUUID()}`

describe('making a page', () => {
  it('shows a link at once, without a reload, and the author is the first holder', async () => {
    const page = await chromium.newPage()
    const trouble = listenForTrouble(page)
    await openHome(page, node.url)
    await page.evaluate(() => Object.assign(window, { stillHere: true }))
    const text = unique(HTML)
    const hash = await makeText(page, text)
    expect(hash).toBe(sha256Hex(text))
    expect(await page.evaluate(() => 'stillHere' in window)).toBe(true)
    expect(await page.getByTestId('page-link').inputValue()).toBe(`${node.url}/${hash}`)
    await seesCount(page, 1)
    await seesContent(page, 'hello there')
    expect(Buffer.from(await bytesOf(hash)).toString()).toBe(text)
    expect(await page.title()).toContain(hash.slice(0, 8))
    expect(trouble).toEqual([])
  })

  it('keeps the bytes of text with emoji, of an empty page, and of any file', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    const everyByte = Uint8Array.from({ length: 512 }, (_, i) => i)
    const crlf = new TextEncoder().encode(unique('one\r\ntwo\r\n\rthree\n'))
    const makes: [Uint8Array, () => Promise<string>][] = [
      [new TextEncoder().encode('👋🏽 ñ 漢字 \u{1d11e}'), () => makeText(page, '👋🏽 ñ 漢字 \u{1d11e}')],
      [new Uint8Array(), () => pressMake(page)],
      [everyByte, () => makeFile(page, everyByte)],
      [crlf, () => makeFile(page, crlf, 'lines.txt')],
      [new Uint8Array(262_144).fill(65), () => makeFile(page, new Uint8Array(262_144).fill(65), 'largest.txt')],
    ]
    for (const [bytes, make] of makes) {
      const hash = await make()
      expect(hash).toBe(sha256Hex(bytes))
      await seesCount(page, 1)
      expect(await bytesOf(hash)).toEqual(bytes)
      await page.getByRole('link', { name: 'Make another page' }).click()
      await page.getByLabel('Your page').waitFor()
    }
    expect(await page.getByTestId('held').locator('li').count()).toBe(makes.length)
  })

  it('keeps the line ends of pasted text, also when more is typed after it', async () => {
    const context = await chromium.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
    const page = await context.newPage()
    await openHome(page, node.url)
    const pasted = unique('first\r\nsecond\r\n')
    await page.evaluate((text) => navigator.clipboard.writeText(text), pasted)
    await page.getByLabel('Your page').focus()
    await page.keyboard.press('Control+V')
    await page.keyboard.type('typed')
    expect(await pressMake(page)).toBe(sha256Hex(`${pasted}typed`))
  })

  it('accepts a file that is dropped anywhere on the page', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    const text = unique('dropped\r\n')
    const data = await page.evaluateHandle((content) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([content], 'dropped.txt'))
      return transfer
    }, text)
    for (const type of ['dragover', 'drop']) await page.dispatchEvent('h1', type, { dataTransfer: data })
    await page.getByTestId('chosen-file').waitFor()
    expect(await pressMake(page)).toBe(sha256Hex(text))
  })

  it('makes a page of text larger than one piece', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    const text = unique('x'.repeat(262_145))
    const hash = await makeText(page, text)
    expect(hash).toBe(sha256Hex(text))
    expect(new URL(page.url()).searchParams.get('o')).toMatch(/^[0-9a-f]{64}$/)
    expect(Buffer.from(await bytesOf(hash)).toString()).toBe(text)
  })

  it('previews HTML with its styles and without its scripts, apart from the app', async () => {
    const page = await chromium.newPage()
    const trouble = listenForTrouble(page)
    await openHome(page, node.url)
    await page.getByLabel('Your page').fill(`${HTML}<p id="proof">untouched</p><script>proof.textContent = 'script ran'</script>`)
    const preview = page.getByTestId('preview').locator('iframe').contentFrame()
    const heading = preview.getByRole('heading', { name: 'hello there' })
    await heading.waitFor()
    expect(await heading.evaluate((element) => getComputedStyle(element).color)).toBe('rgb(1, 2, 3)')
    expect(await preview.locator('#proof').textContent()).toBe('untouched')
    expect(await preview.locator('#proof').evaluate(() => self.origin)).toBe('null')
    expect(trouble).toEqual([])
  })

  it('works by keyboard alone', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    const text = unique('by keyboard')
    for (let presses = 0; presses < 10; presses++) {
      await page.keyboard.press('Tab')
      if (await page.getByLabel('Your page').evaluate((field) => field === document.activeElement)) break
    }
    await page.keyboard.type(text)
    await page.keyboard.press('Control+Enter')
    await page.getByTestId('page-link').waitFor()
    expect(hashOf(page)).toBe(sha256Hex(text))
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
  })
})

describe('visiting a page', () => {
  it('loads the code of the app after the content', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique(HTML))
    const reader = await chromium.newPage()
    const loaded: string[] = []
    reader.on('request', (request) => loaded.push(new URL(request.url()).pathname))
    const answered = Promise.withResolvers<void>()
    await reader.route(`**/raw/${hash}`, async (route) => {
      await answered.promise
      await route.continue()
    })
    const scripts = () => loaded.filter((path) => /\.(?:js|css)$/.test(path))
    await reader.goto(`${node.url}/${hash}`, { waitUntil: 'commit' })
    await waitFor(async () => loaded.includes(`/raw/${hash}`), 40_000, 'the document is there')
    expect(scripts()).toEqual([])
    answered.resolve()
    await seesVisit(reader, 'holding')
    expect(scripts()).not.toEqual([])
  })

  it('shows, checks and holds the content, and both tabs count two holders', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique(HTML))
    const visitor = await chromium.newPage()
    const trouble = listenForTrouble(visitor)
    await visitor.goto(`${node.url}/${hash}`)
    await seesContent(visitor, 'hello there')
    await seesVisit(visitor, 'holding')
    await Promise.all([seesCount(visitor, 2), seesCount(author, 2)])
    await author.close()
    await seesCount(visitor, 1)
    expect((await rawOf(hash)).status).toBe(200)
    expect(trouble).toEqual([])
  })

  it('says that nobody holds it, and shows it as soon as somebody does', async () => {
    const text = unique(HTML)
    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${sha256Hex(text)}`)
    await seesVisit(visitor, 'gone')
    await seesCount(visitor, 0)
    const author = await chromium.newPage()
    await openHome(author, node.url)
    await makeText(author, text)
    await seesContent(visitor, 'hello there')
    await seesVisit(visitor, 'holding')
    await seesCount(author, 2)
  })

  it('never shows bytes that do not match the hash, and fetches the right ones through the network', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique('the right words'))
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    await visitor.route('**/raw/**', (route) => route.fulfill({ body: 'the wrong words', contentType: 'text/plain' }))
    const states: (string | null)[] = []
    await visitor.goto(`${node.url}/${hash}`)
    await waitFor(
      async () => {
        const state = await visitor.getByTestId('visit-status').getAttribute('data-state')
        if (state !== states.at(-1)) states.push(state)
        return state === 'holding'
      },
      40_000,
      () => `the visit ends in holding: ${states.join(' ')}`,
    )
    await contentText(visitor).getByText('the right words').waitFor()
    expect(await visitor.locator('iframe').count()).toBe(0)
    expect(await visitor.getByTestId('console').textContent()).toContain(hash.slice(0, 8))
  })

  it('shows the content and a link to it without JavaScript', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique(HTML))
    await seesCount(author, 1)
    const visitor = await chromium.newPage({ javaScriptEnabled: false })
    await visitor.goto(`${node.url}/${hash}`)
    await seesContent(visitor, 'hello there')
    expect(await visitor.getByRole('link', { name: 'Open in a new tab' }).getAttribute('href')).toBe(`/raw/${hash}`)
    await visitor.goto(`${node.url}/${'0'.repeat(64)}`)
    expect(await visitor.locator('main').textContent()).toContain('Nobody holds')
  })

  it('shows the content when the rest of the app cannot be loaded, and says so', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique(HTML))
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    const trouble = listenForTrouble(visitor)
    await visitor.route('**/assets/peer-library-*.js', (route) => route.abort())
    await visitor.goto(`${node.url}/${hash}`)
    await seesConnection(visitor, 'failed')
    await seesContent(visitor, 'hello there')
    await seesVisit(visitor, 'shown')
    await seesCount(visitor, 1)
    expect(trouble).toEqual([])
  })

  it('shows the words around the content after it, also when nothing of the app can be loaded', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique(HTML))
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    await visitor.route('**/assets/*.js', (route) => route.abort())
    await visitor.goto(`${node.url}/${hash}`)
    await seesContent(visitor, 'hello there')
    await visitor.getByText('This gateway got the page').waitFor()
    await visitor.getByRole('link', { name: 'Messages' }).waitFor()
  })

  it('offers to save a file that a browser does not show', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const bytes = crypto.getRandomValues(new Uint8Array(1_000))
    bytes.set([0xff, 0x00, 0xfe])
    const hash = await makeFile(author, bytes)
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${hash}`)
    await seesVisit(visitor, 'holding')
    const [download] = await Promise.all([visitor.waitForEvent('download'), visitor.getByTestId('save').click()])
    const saved: Buffer[] = []
    for await (const chunk of await download.createReadStream()) saved.push(chunk as Buffer)
    expect(new Uint8Array(Buffer.concat(saved))).toEqual(bytes)
  })
})

describe('holding', () => {
  it('survives a reload, with the content on screen', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    const hash = await makeText(page, unique(HTML))
    await seesCount(page, 1)
    expect(await reloadAnyway(page)).toBeGreaterThan(0)
    await seesVisit(page, 'holding')
    await seesCount(page, 1)
    await seesContent(page, 'hello there')
    await isServed(hash)
  })

  it('ends with a sentence when it is stopped, and can be resumed', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    const hash = await makeText(page, unique(HTML))
    await seesCount(page, 1)
    await page.getByRole('button', { name: 'Stop holding', exact: true }).click()
    await seesVisit(page, 'stopped')
    await seesCount(page, 0)
    expect((await rawOf(hash)).status).toBe(404)
    await page.getByRole('button', { name: 'Hold it again' }).click()
    await seesCount(page, 1)
    await isServed(hash)
  })

  it('continues while the person moves back and forward between the home page and pages', async () => {
    const page = await chromium.newPage()
    await openHome(page, node.url)
    await page.evaluate(() => Object.assign(window, { stillHere: true }))
    const hash = await makeText(page, unique(HTML))
    await seesCount(page, 1)
    await page.goBack()
    await page.getByLabel('Your page').waitFor()
    expect(await page.locator('#content').count()).toBe(0)
    expect((await rawOf(hash)).status).toBe(200)
    await page.goForward()
    await seesContent(page, 'hello there')
    await seesVisit(page, 'holding')
    expect(await page.evaluate(() => 'stillHere' in window)).toBe(true)
  })

  it('warns only before the last copy is closed', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const hash = await makeText(author, unique(HTML))
    await seesCount(author, 1)
    expect(await closingWarns(author)).toBe(true)
    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${hash}`)
    await seesVisit(visitor, 'holding')
    await seesCount(author, 2)
    await visitor.getByTestId('stop').click()
    await seesCount(author, 1)
    expect(await closingWarns(visitor)).toBe(false)
    await author.getByTestId('stop').click()
    await seesVisit(author, 'stopped')
    expect(await closingWarns(author)).toBe(false)
  })

  it('resumes when the node comes back', async () => {
    const mortal = await startNodeProcess()
    const page = await chromium.newPage()
    await openHome(page, mortal.url)
    const hash = await makeText(page, unique(HTML))
    await seesCount(page, 1)
    await mortal.stop()
    await seesConnection(page, 'lost')
    const again = await startNodeProcess({ port: mortal.port })
    await seesConnection(page, 'joined')
    await seesCount(page, 1)
    expect((await fetch(`${again.url}/raw/${hash}?wait=10s`)).status).toBe(200)
    const visitor = await chromium.newPage()
    await visitor.goto(`${again.url}/${hash}`)
    await Promise.all([seesCount(visitor, 2), seesCount(page, 2)])
  })
})

describe('the look', () => {
  it('fits a phone, and every control has a name', async () => {
    const page = await chromium.newPage({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' })
    await openHome(page, node.url)
    await page.getByLabel('Your page').fill(`${HTML}${'w'.repeat(400)}`)
    expect(await overflow(page)).toBe(0)
    await pressMake(page)
    await seesCount(page, 1)
    expect(await overflow(page)).toBe(0)
    await page.getByRole('link', { name: 'Make another page' }).click()
    for (const name of [`${'long'.repeat(40)}.bin`, 'short.bin']) await chooseFile(page, new Uint8Array(100), name)
    expect(await overflow(page)).toBe(0)
    await pressMake(page)
    await seesCount(page, 1)
    expect(await overflow(page)).toBe(0)
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, a, input, textarea, iframe')]
        .filter((control) => {
          const labels = control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement ? control.labels : null
          return !(labels?.length || control.textContent?.trim() || control.getAttribute('aria-label') || control.getAttribute('title'))
        })
        .map((control) => control.outerHTML),
    )
    expect(nameless).toEqual([])
  })
})

/** Closes the tab as a person does, and keeps it when it warns. */
async function closingWarns(page: Page): Promise<boolean> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Page.enable')
  page.once('dialog', () => {}) // otherwise Playwright answers it
  let isOver = false
  devtools.once('Page.javascriptDialogClosed', () => {
    isOver = true
  })
  const warned = new Promise<boolean>((resolve) =>
    devtools.once('Page.javascriptDialogOpening', ({ type }) => resolve(type === 'beforeunload')),
  )
  const closed = new Promise<boolean>((resolve) => page.once('close', () => resolve(false)))
  await page.close({ runBeforeUnload: true })
  if (!(await Promise.race([warned, closed]))) return false
  // A busy Chromium withdraws the warning by itself, and keeps the tab too.
  const stay = () => devtools.send('Page.handleJavaScriptDialog', { accept: false }).catch(() => {})
  await waitFor(async () => isOver || stay().then(() => isOver), 40_000, 'the warning is answered')
  expect(page.isClosed()).toBe(false)
  return true
}

/** The part of the page's width that is outside its window, in CSS pixels. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
