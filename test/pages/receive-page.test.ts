/** The page of a received share, in a real Chromium; who shares is another peer of the same network. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ContentSource } from '../../node/content/types.ts'
import { memorySource } from '../../node/index.ts'
import { createPeer } from '../../node/peer.ts'
import type { Share, ShareOptions, Sharing } from '../../node/sharing/types.ts'
import { crash } from '../../scripts/bench/interrupted-tab.ts'
import { listenForTrouble, saveAsDownloads } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'
import { readZip } from '../helpers/zip-reader.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000
const MIB = 1_048_576

/** Another peer of the network, which shares. */
async function startSharer({ bytesPerSecond }: { bytesPerSecond?: number } = {}) {
  const limits = bytesPerSecond === undefined ? {} : { limits: { maxPeerBytesPerSecond: bytesPerSecond } }
  const peer = await createPeer({ join: [node.url], sharing: true, ...limits })
  onTestFinished(() => peer.stop())
  await peer.start()
  return { peer, sharing: peer.sharing as Sharing }
}

type Contents = Record<string, Uint8Array | string>

const itemsOf = (contents: Contents) =>
  Object.entries(contents).map(([path, bytes]) =>
    typeof bytes === 'string'
      ? { kind: 'text' as const, path, text: bytes }
      : { kind: 'file' as const, path, source: memorySource(bytes) as ContentSource },
  )

const share = (sharing: Sharing, contents: Contents, options?: ShareOptions): Promise<Share> => sharing.share(itemsOf(contents), options)

/** As a browser without the pickers of File System Access: files are saved as downloads. */
async function newPage(): Promise<Page> {
  const page = await chromium.newPage()
  await saveAsDownloads(page)
  return page
}

async function openLink(path: string): Promise<Page> {
  const page = await newPage()
  await page.goto(node.url + path)
  return page
}

function downloadsOf(page: Page): Map<string, Buffer> {
  const downloads = new Map<string, Buffer>()
  page.on('download', async (download) => downloads.set(download.suggestedFilename(), await readFile(await download.path())))
  return downloads
}

const seesState = (page: Page, state: string, words?: string) => {
  const shown = page.locator(`[data-testid="share-state"][data-state="${state}"]`)
  return (words === undefined ? shown : shown.getByText(words)).waitFor({ timeout: SEES_MS })
}
const seesSaved = (page: Page) => page.locator('[data-testid="receive-progress"][data-complete="true"]').waitFor({ timeout: SEES_MS })
const names = (page: Page) => page.getByTestId('entries').locator('.name').allTextContents()
const rows = (page: Page) => expect.poll(() => names(page), { timeout: SEES_MS })
const isEqual = (bytes: Buffer | undefined, expected: Uint8Array) => Buffer.compare(bytes ?? Buffer.of(), expected) === 0

/** The bytes of the bar. */
const doneOf = async (page: Page) => Number(await page.getByTestId('receive-progress').getAttribute('data-done'))

/** Contents that the site keeps on disk for its tabs, in number. */
const storedFiles = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const count = async (directory: FileSystemDirectoryHandle): Promise<number> => {
      let files = 0
      for await (const each of directory.values()) files += each instanceof FileSystemDirectoryHandle ? await count(each) : 1
      return files
    }
    return count(await navigator.storage.getDirectory())
  })

describe('the page of a received share', () => {
  it('lists at once, follows the list, receives what is chosen, and says under which name', async () => {
    const { sharing } = await startSharer()
    const large = randomBytes(3 * MIB + 1)
    const offered = await share(sharing, {
      'large.bin': large,
      'CON.txt': Buffer.from('small'),
      'left out': randomBytes(9),
      words: 'see https://example.org/a',
    })
    const page = await newPage()
    const [trouble, downloads] = [listenForTrouble(page), downloadsOf(page)]
    await page.goto(node.url + offered.path)
    await seesState(page, 'listed', 'Nothing comes to this device before you press Receive')
    await rows(page).toEqual(['large.bin', 'CON.txt', 'left out', 'words (text)'])
    expect(offered.receivers[0]?.state).toBe('looking')
    const [added] = await offered.add(itemsOf({ 'later.txt': Buffer.from('later') }))
    offered.rename(offered.entries[0]?.id ?? 0, 'larger.bin')
    await rows(page).toEqual(['larger.bin', 'CON.txt', 'left out', 'words (text)', 'later.txt'])
    offered.remove(added?.id ?? 0)
    await rows(page).toHaveLength(4)
    await page.getByLabel('left out').press('Space')
    await page.getByTestId('receive').press('Enter')
    await seesSaved(page)
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('receive-bar')
    await seesState(page, 'taken', 'You have what you took')
    await expect.poll(() => downloads.size, { timeout: SEES_MS }).toBe(2)
    expect(isEqual(downloads.get('larger.bin'), large)).toBe(true)
    expect(downloads.get('_CON.txt')?.toString()).toBe('small')
    await page.getByTestId('name-change').getByText('“_CON.txt”').waitFor()
    await page.getByTestId('entry-text').getByRole('link', { name: 'https://example.org/a' }).waitFor()
    await expect.poll(() => offered.receivers[0]?.state).toBe('done')
    await page.getByLabel('left out').check()
    await page.getByTestId('receive').getByText('Receive 1 of 4 (9 bytes)').waitFor()
    const other = await openLink(offered.path)
    await seesState(other, 'listed')
    await other.close()
    await expect.poll(() => offered.receivers.map(({ state }) => state), { timeout: SEES_MS }).toEqual(['done', 'left'])
    expect(trouble).toEqual([])
  })

  it('lists, and takes, before the code of its peer is there, which goes on from what has come', async () => {
    const { sharing } = await startSharer()
    const large = randomBytes(3 * MIB)
    const offered = await share(sharing, { 'large.bin': large, words: 'hello' }, { receivers: 1 })
    const page = await newPage()
    const downloads = downloadsOf(page)
    const leave = Promise.withResolvers<void>()
    await page.route(/\/assets\/tab-peer-/, async (route) => {
      await leave.promise
      await route.continue()
    })
    await page.goto(node.url + offered.path)
    await seesState(page, 'listed')
    await rows(page).toEqual(['large.bin', 'words (text)'])
    await page.getByTestId('receive').click()
    await seesState(page, 'taken')
    await page.getByTestId('entry-text').getByText('hello').waitFor()
    await expect.poll(() => doneOf(page), { timeout: SEES_MS }).toBeGreaterThan(MIB)
    expect(offered.receivers.map(({ state, way }) => [state, way])).toEqual([['receiving', 'relayed']])
    leave.resolve()
    await seesSaved(page)
    await expect.poll(() => isEqual(downloads.get('large.bin'), large), { timeout: SEES_MS }).toBe(true)
    await expect.poll(() => offered.receivers.map(({ state }) => state)).toEqual(['done'])
  })

  it('names in its document all the code that it loads before the list, and starts the rest of the app after it', async () => {
    const { sharing } = await startSharer()
    const offered = await share(sharing, { 'small.txt': Buffer.from('small') })
    const page = await newPage()
    const scripts: string[] = []
    /** How many scripts were asked for before each socket of a peer. */
    const before: number[] = []
    page.on('request', (request) => request.resourceType() === 'script' && scripts.push(new URL(request.url()).pathname))
    page.on('websocket', (socket) => !socket.url().endsWith('/first') && before.push(scripts.length))
    await page.goto(node.url + offered.path)
    await seesState(page, 'listed')
    await expect.poll(() => before.length, { timeout: SEES_MS }).toBe(2) // its own peer's, and then the app's
    const named = await page.$$eval('link[rel="modulepreload"], script[src]', (all) =>
      all.map((each) => new URL(each.getAttribute('href') ?? each.getAttribute('src') ?? '', location.href).pathname),
    )
    const late = scripts.slice(0, before[0]).filter((path) => !named.includes(path) && !path.includes('worker'))
    expect(late).toEqual([])
  })

  it('asks for the share before its code is here, by the script in its document, and once', async () => {
    const { sharing } = await startSharer()
    const offered = await share(sharing, { 'small.txt': Buffer.from('small') })
    const page = await newPage()
    const trouble = listenForTrouble(page)
    const asked = Promise.withResolvers<void>()
    let visits = 0
    page.on('websocket', (socket) => {
      if (!socket.url().endsWith('/first')) return
      visits++
      asked.resolve()
    })
    await page.route('**/assets/*.js', async (route) => {
      await asked.promise
      await route.continue()
    })
    await page.goto(node.url + offered.path)
    await seesState(page, 'listed')
    expect([visits, trouble]).toEqual([1, []])
  })

  it('is one receiver, with one visit, in a browser that stores nothing', async () => {
    const { sharing } = await startSharer()
    const offered = await share(sharing, { 'small.txt': Buffer.from('small') })
    const page = await newPage()
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('The person has turned it off', 'SecurityError')
        },
      })
    })
    let visits = 0
    page.on('websocket', (socket) => socket.url().endsWith('/first') && visits++)
    await page.route('**/assets/*.js', async (route) => {
      await expect.poll(() => offered.receivers.length, { timeout: SEES_MS }).toBe(1) // the first script has said hello
      await route.continue()
    })
    await page.goto(node.url + offered.path)
    await seesState(page, 'listed')
    expect([visits, offered.receivers.map(({ state }) => state)]).toEqual([1, ['looking']])
  })

  it('starts the rest of the app, too, where nobody is found', async () => {
    const { peer, sharing } = await startSharer()
    const offered = await share(sharing, { 'small.txt': Buffer.from('small') })
    await peer.stop()
    const page = await newPage()
    const sockets: string[] = []
    page.on('websocket', (socket) => !socket.url().endsWith('/first') && sockets.push(socket.url()))
    await page.goto(node.url + offered.path)
    await expect.poll(() => sockets.length, { timeout: SEES_MS }).toBe(2) // its own peer's, and then the app's
  })

  it('goes on after a pause, and after two reloads, and fetches at most what was under way again', async () => {
    const { peer, sharing } = await startSharer({ bytesPerSecond: 3 * MIB })
    const size = 12 * MIB
    const large = randomBytes(size)
    let served = 0
    peer.onEvent((event) => {
      if (event.type === 'served') served += event.bytes
    })
    const offered = await share(sharing, { 'large.bin': large })
    const page = await newPage()
    const downloads = downloadsOf(page)
    await page.goto(node.url + offered.path)
    await page.getByTestId('receive').click({ timeout: SEES_MS })
    await page.getByTestId('receive-pause').click({ timeout: SEES_MS })
    await page.getByTestId('receive-resume').click()
    for (const part of [1 / 3, 2 / 3]) {
      await expect.poll(() => doneOf(page), { timeout: SEES_MS, interval: 20 }).toBeGreaterThan(size * part)
      await page.reload()
      await page.getByTestId('receive-progress').waitFor({ timeout: SEES_MS })
    }
    await seesSaved(page)
    await expect.poll(() => downloads.size, { timeout: SEES_MS }).toBe(1)
    expect(isEqual(downloads.get('large.bin'), large)).toBe(true)
    // Three times at most six pieces of 256 KiB, where the machine is busy; `bench -- sharing` measures how little it is of a large file.
    expect(served).toBeLessThan(size + 3 * 6 * 262_144 + 0.01 * size)
    expect(offered.receivers).toHaveLength(1)
  })

  it('cancelled, keeps nothing of what had come, and the file can be taken again', async () => {
    const { sharing } = await startSharer({ bytesPerSecond: 3 * MIB })
    const large = randomBytes(6 * MIB)
    const offered = await share(sharing, { 'large.bin': large })
    const page = await openLink(offered.path)
    const downloads = downloadsOf(page)
    await page.getByTestId('receive').click({ timeout: SEES_MS })
    await expect.poll(() => doneOf(page), { timeout: SEES_MS, interval: 20 }).toBeGreaterThan(MIB)
    expect(await storedFiles(page)).toBeGreaterThan(0)
    await page.getByTestId('receive-cancel').click()
    await page.getByTestId('receive-progress').waitFor({ state: 'detached', timeout: SEES_MS })
    await expect.poll(() => storedFiles(page), { timeout: SEES_MS }).toBe(0)
    expect(downloads.size).toBe(0)

    await page.getByTestId('receive').click()
    await seesSaved(page)
    await expect.poll(() => downloads.size, { timeout: SEES_MS }).toBe(1)
    expect(isEqual(downloads.get('large.bin'), large)).toBe(true)
    await expect.poll(() => offered.receivers.map(({ state }) => state)).toEqual(['done'])
  })

  it('goes on after a crash of its tab, and says how much, how fast and how long it takes', async () => {
    const { peer, sharing } = await startSharer({ bytesPerSecond: 3 * MIB })
    const size = 12 * MIB
    const large = randomBytes(size)
    const offered = await share(sharing, { 'large.bin': large })
    const context = await chromium.newContext()
    await saveAsDownloads(context)
    const page = await context.newPage()
    await page.goto(node.url + offered.path)
    await page.getByTestId('receive').click({ timeout: SEES_MS })
    await page
      .getByTestId('receive-progress')
      .getByText(/ of 12 MiB \(\d+ %\), .+ per second, \d+ .+ left, /)
      .waitFor({ timeout: SEES_MS })
    await expect.poll(() => doneOf(page), { timeout: SEES_MS, interval: 20 }).toBeGreaterThan(size / 3)
    const downloading = context.waitForEvent('page').then((again) => again.waitForEvent('download', { timeout: 2 * SEES_MS }))
    let served = 0
    peer.onEvent((event) => {
      if (event.type === 'served') served += event.bytes
    })
    const again = await crash({ page, context }, node.url + offered.path)
    await seesSaved(again)
    expect(isEqual(await readFile((await (await downloading).path()) ?? ''), large)).toBe(true)
    expect(served).toBeLessThan(size * 0.9) // a third was there
    await expect.poll(() => offered.receivers.map(({ state }) => state)).toEqual(['done'])
  })

  it('a preview of its link begins and uses up nothing, and learns no name', async () => {
    const { sharing } = await startSharer()
    const offered = await share(sharing, { 'secret plan.txt': Buffer.from('the plan') }, { receivers: 1 })
    const [address] = (node.url + offered.path).split('#') // a browser or a preview sends nothing behind the #
    for (const [method, accept] of [
      ['HEAD', '*/*'],
      ['GET', 'text/html'],
      ['GET', '*/*'],
    ] as const) {
      const answer = await fetch(address ?? '', { method, headers: { accept, 'user-agent': 'TelegramBot (like TwitterBot)' } })
      expect([answer.status, (await answer.text()).includes('secret plan')]).toEqual([200, false])
    }
    expect([offered.receivers, offered.state]).toEqual([[], 'open'])
    const page = await openLink(offered.path)
    await page.getByTestId('receive').click({ timeout: SEES_MS })
    await seesSaved(page)
  })

  it('says at once that the sharer has gone, and goes on when they are back under the link', async () => {
    const first = await startSharer({ bytesPerSecond: 2 * MIB })
    const contents = { 'first.txt': Buffer.from('first'), 'large.bin': randomBytes(4 * MIB) }
    const offered = await share(first.sharing, contents)
    const page = await newPage()
    const downloads = downloadsOf(page)
    await page.goto(node.url + offered.path)
    await page.getByTestId('receive').click({ timeout: SEES_MS })
    await expect.poll(() => doneOf(page), { timeout: SEES_MS, interval: 20 }).toBeGreaterThan(MIB)
    const snapshot = offered.snapshot()
    await first.peer.stop()
    await seesState(page, 'away', 'Keep this page open: it goes on by itself when they are back')
    await page.locator('[data-testid="entry"][data-phase="saved"]').getByText('first.txt').waitFor({ timeout: SEES_MS })
    const second = await startSharer()
    await share(second.sharing, contents, { resume: snapshot })
    await seesSaved(page)
    await expect.poll(() => downloads.size, { timeout: SEES_MS }).toBe(2)
    expect(isEqual(downloads.get('large.bin'), contents['large.bin'])).toBe(true)
  })

  it('a share for one, with a password, that asks: wrong password, admitted, over for the next', async () => {
    const { sharing } = await startSharer()
    const offered = await share(sharing, { 'one.txt': Buffer.from('one') }, { receivers: 1, password: 'sesame', ask: true })
    const page = await openLink(offered.path)
    await seesState(page, 'password')
    await page.getByTestId('share-password').fill('wrong')
    await page.getByTestId('enter-password').click()
    await page.getByTestId('password-problem').getByText('2 tries are left').waitFor({ timeout: SEES_MS })
    await page.getByTestId('share-password').fill('sesame')
    await page.getByTestId('enter-password').click()
    await page.getByTestId('share-rules').getByText('This share is for one person').waitFor({ timeout: SEES_MS })
    await page.getByTestId('receive').click()
    await seesState(page, 'asking')
    expect(await page.getByTestId('entries').getByRole('checkbox').count(), 'what was asked for is chosen').toBe(0)
    offered.admit(offered.receivers[0]?.id ?? '', true)
    await seesSaved(page)
    const late = await openLink(offered.path)
    await seesState(late, 'ended', 'they have received it')
    await offered.end()
    await seesState(page, 'ended', 'You have what you took')
  })

  it('each refusal in its words: a wrong link, an ended share, one whose time is over', async () => {
    const { sharing } = await startSharer()
    const ended = await share(sharing, { 'a.txt': Buffer.from('a') })
    await ended.end()
    const page = await openLink(ended.path)
    await seesState(page, 'ended', 'its sharer has stopped it')
    await page.goto(`${node.url}${ended.path.slice(0, -1)}`)
    await page.reload()
    await seesState(page, 'wrong', 'This link is wrong')
    const short = await share(sharing, { 'a.txt': Buffer.from('a') }, { untilMs: Date.now() + 1_000 })
    await expect.poll(() => short.state, { timeout: SEES_MS }).toBe('ended')
    const late = await openLink(short.path)
    await seesState(late, 'ended', 'The time of this share is over')
  })

  it('a code of two words and a number leads to the share; several files come as one zip file with their folders', async () => {
    const { sharing } = await startSharer()
    const contents = { 'trip/a.txt': Buffer.from('a'), 'trip/b/c.bin': randomBytes(MIB), 'trip/b/empty': Buffer.of() }
    const offered = await share(sharing, contents)
    const { code } = await offered.code()
    const page = await newPage()
    const downloads = downloadsOf(page)
    await page.goto(`${node.url}/s`)
    await page.getByTestId('share-code').fill(code)
    await page.getByTestId('share-code').press('Enter')
    await seesState(page, 'listed')
    expect(new URL(page.url()).pathname + new URL(page.url()).hash).toBe(offered.path)
    await expect(page.getByTestId('save-zip').isChecked()).resolves.toBe(true)
    await page.getByTestId('receive').click()
    await seesSaved(page)
    await expect.poll(() => downloads.size, { timeout: SEES_MS }).toBe(1)
    const inside = readZip(downloads.get('trip.zip') ?? Buffer.of())
    expect([...inside.keys()]).toEqual(Object.keys(contents))
    for (const [path, bytes] of Object.entries(contents)) expect(isEqual(inside.get(path), bytes), path).toBe(true)
  })

  it('a folder that the person chooses: files keep their folders, nothing is written over, and a reload asks for it again', async () => {
    const { sharing } = await startSharer({ bytesPerSecond: 3 * MIB })
    const large = randomBytes(4 * MIB)
    const offered = await share(sharing, { 'a.txt': Buffer.from('new'), 'b/c.bin': large })
    const page = await chromium.newPage()
    await page.addInitScript(() => {
      // The private folder of the page is one that a person cannot choose, but has all that the chosen ones have.
      Object.assign(globalThis, { showDirectoryPicker: () => navigator.storage.getDirectory() })
      Object.assign(globalThis, {
        showSaveFilePicker: async () => (await navigator.storage.getDirectory()).getFileHandle('chosen.bin', { create: true }),
      })
    })
    await page.goto(node.url + offered.path)
    await seesState(page, 'listed')
    await page.evaluate(async () => {
      const file = await (await navigator.storage.getDirectory()).getFileHandle('a.txt', { create: true })
      const writable = await file.createWritable()
      await writable.write('old')
      await writable.close()
    })
    await page.getByTestId('receive').click()
    await page.locator('[data-testid="entry"][data-phase="saved"]').getByText('a.txt').first().waitFor({ timeout: SEES_MS })
    await expect.poll(() => doneOf(page), { timeout: SEES_MS, interval: 20 }).toBeGreaterThan(MIB)
    await page.reload()
    await page.getByTestId('save-received').click({ timeout: SEES_MS })
    await seesSaved(page)
    await page.getByTestId('receive-progress').getByText('saved in “chosen.bin”').waitFor()
    const saved = await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory()
      const text = async (name: string) => (await (await root.getFileHandle(name)).getFile()).text()
      return [await text('a.txt'), await text('a (2).txt'), (await (await root.getFileHandle('chosen.bin')).getFile()).size]
    })
    expect(saved).toEqual(['old', 'new', 4 * MIB])
  })

  it.each(['files', 'zip'] as const)(
    'names that another system cannot keep arrive under one that it can, as %s, and it is said',
    async (way) => {
      const { sharing } = await startSharer()
      const kept = {
        ...{ CON: '_CON', 'a:b?.txt': 'a_b_.txt', 'dot.': 'dot', 'twin.txt': 'twin.txt', 'TWIN.TXT': 'TWIN (2).TXT' },
        ...{
          'same.txt': 'same.txt',
          '漢字/é.txt': '漢字/é.txt',
          'עברית.txt': 'עברית.txt',
          'a/b/c/NUL.tar': 'a/b/c/_NUL.tar',
          'a/b/c/d': 'a/b/c/d',
        },
      }
      const words = (path: string) => Buffer.from(`the bytes of ${path}`)
      const offered = await share(sharing, Object.fromEntries(Object.keys(kept).map((path) => [path, words(path)])))
      await offered.add([{ kind: 'file', path: 'same.txt', source: memorySource(Buffer.from('another of that name')) }])
      const expected = Object.entries({ ...kept, 'same (2).txt': 'same (2).txt' }).map(([path, name]): [string, string] => [
        name,
        path === 'same (2).txt' ? 'another of that name' : words(path).toString(),
      ])
      const page = await chromium.newPage()
      await page.addInitScript(() => {
        const root = () => navigator.storage.getDirectory()
        const chosen = async (name: string) => (await root()).getDirectoryHandle(name, { create: true })
        Object.assign(globalThis, { showDirectoryPicker: () => chosen('chosen') })
        Object.assign(globalThis, { showSaveFilePicker: async () => (await root()).getFileHandle('chosen.zip', { create: true }) })
      })
      await page.goto(node.url + offered.path)
      await page.getByTestId(`save-${way}`).check({ timeout: SEES_MS })
      await page.getByTestId('receive').click()
      await seesSaved(page)
      for (const name of ['_CON', 'a_b_.txt', 'dot', 'a/b/c/_NUL.tar']) // the twin has its other name in the list already
        await page.getByTestId('name-change').getByText(`“${name}”`, { exact: false }).first().waitFor()
      expect(await page.getByTestId('name-change').count()).toBe(4)
      if (way === 'zip') {
        const bytes = await page.evaluate(async () => {
          const file = await (await (await navigator.storage.getDirectory()).getFileHandle('chosen.zip')).getFile()
          return Array.from(new Uint8Array(await file.arrayBuffer()))
        })
        const inside = [...readZip(Buffer.from(bytes))].map(([path, content]): [string, string] => [path, content.toString()])
        expect(inside.sort()).toEqual(expected.sort())
        return
      }
      const saved = await page.evaluate(async () => {
        const found: [string, string][] = []
        const read = async (directory: FileSystemDirectoryHandle, before: string) => {
          for await (const [name, handle] of directory.entries()) {
            if (handle.kind === 'directory') await read(handle as FileSystemDirectoryHandle, `${before}${name}/`)
            else found.push([before + name, await (await (handle as FileSystemFileHandle).getFile()).text()])
          }
        }
        await read(await (await navigator.storage.getDirectory()).getDirectoryHandle('chosen'), '')
        return found
      })
      expect(saved.sort()).toEqual(expected.sort())
    },
  )

  it('a receiver helps another: the rest comes from it after the sharer has ended, and it says what it has given', async () => {
    const { sharing, peer } = await startSharer()
    const offered = await share(sharing, { 'large.bin': randomBytes(2 * MIB) })
    const helper = await openLink(offered.path)
    await helper.getByTestId('receive').click({ timeout: SEES_MS })
    await seesSaved(helper)
    const page = await openLink(offered.path)
    await page.getByTestId('receive').waitFor({ timeout: SEES_MS })
    await page.getByTestId('receive').click()
    await seesState(page, 'taken')
    await peer.stop()
    await seesSaved(page)
    await helper.getByTestId('given').waitFor()
    await helper.getByTestId('help-others').uncheck()
    await expect(helper.getByTestId('given').count()).resolves.toBe(0)
    expect(await page.getByTestId('help-others').isChecked()).toBe(true)
  })

  it.each([{ saveData: true }, { type: 'cellular' }])(
    'a connection that costs by what travels (%o) helps nobody unless asked',
    async (given) => {
      const { sharing } = await startSharer()
      const offered = await share(sharing, { 'a.bin': randomBytes(1_000) })
      const page = await newPage()
      await page.addInitScript((value) => Object.defineProperty(navigator, 'connection', { value }), given)
      await page.goto(node.url + offered.path)
      await page.getByTestId('receive').click({ timeout: SEES_MS })
      await seesSaved(page)
      expect(await page.getByTestId('help-others').isChecked()).toBe(false)
      await page.getByText('this connection seems to cost').waitFor()
      await page.getByTestId('help-others').check()
      await page.getByTestId('given').getByText('Nothing given yet').waitFor()
    },
  )
})
