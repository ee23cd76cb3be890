/**
 * Shows that a share of any size comes into a browser whole, with the memory of both browsers bounded: from one Chromium tab to another, where a
 * large file is saved as a download, whose bytes are compared on disk, and many small files into a folder, each of which is compared there. The
 * folder stands in the browser's private storage (OPFS), which has all that a chosen one has, but for the dialog. Ends with 1 where one is not so.
 *
 *   npm run show-large-share                  5 GiB: many minutes, and three times as much room
 *   npm run show-large-share -- 104857600     so many bytes
 *   npm run show-large-share -- files         10,000 small files in folders
 *   npm run show-large-share -- files 500     so many
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { sha256Of } from './bench/file-sum.ts'
import { LONG_MS, openBrowser, temporaryDirectory } from './bench/large-tab.ts'
import { startNode } from './bench/mayfly-network.ts'
import { writeSparse } from './bench/sparse-file.ts'

const DEFAULT_BYTES = 5 * 2 ** 30
const DEFAULT_FILES = 10_000
const FILES_PER_FOLDER = 100
const MIB = 2 ** 20
/** Growth of a browser's memory over its idle state that is allowed, in bytes. Its processes share pages, which count for each. */
const MAX_GROWTH = 768 * MIB
const LOOK_MS = 1_000

interface Given {
  /** The sharer's field for files, or for a folder. */
  field: 'page-file' | 'page-folder'
  path: string
  /** Prepares the receiving page, and resolves with whether all that was saved is right. */
  watch(page: Page): Promise<() => Promise<boolean>>
}

async function show(what: string, given: Given, directory: string): Promise<boolean> {
  await using node = await startNode()
  const [sharer, receiver] = [await openBrowser(join(directory, 'sharer')), await openBrowser(join(directory, 'receiver'))]
  const startedAtMs = performance.now()
  const say = (line: string) => console.log(`${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`)
  try {
    const isRight = await given.watch(receiver.page)
    await sharer.page.goto(`${node.url}/share`)
    await receiver.page.goto(`${node.url}/s`)
    await sharer.page.getByTestId(given.field).waitFor({ state: 'attached', timeout: LONG_MS })
    const idle = { sharer: sharer.rss(), receiver: receiver.rss() }
    const most = { ...idle }
    const looking = setInterval(() => {
      most.sharer = Math.max(most.sharer, sharer.rss())
      most.receiver = Math.max(most.receiver, receiver.rss())
    }, LOOK_MS)
    say(`shares ${what}`)
    await sharer.page.getByTestId(given.field).setInputFiles(given.path)
    const link = await sharer.page.getByTestId('page-link').inputValue({ timeout: LONG_MS })
    say('there is a link')
    await sharer.page.locator('[data-testid="entries-state"][data-reading="0"]').waitFor({ timeout: LONG_MS })
    say('all of it has been read')
    await receiver.page.goto(link)
    await receiver.page.getByTestId('receive').click({ timeout: LONG_MS })
    await receiver.page.locator('[data-testid="receive-progress"][data-complete="true"]').waitFor({ timeout: LONG_MS })
    say(`the receiver says: ${await receiver.page.getByTestId('receive-progress').getByRole('status').innerText()}`)
    await sharer.page.locator('[data-testid="receivers"] [data-state="done"]').waitFor({ timeout: LONG_MS })
    say('the sharer says that the receiver has everything')
    const isSame = await isRight()
    clearInterval(looking)
    say(isSame ? 'every byte is that of the sharer' : 'WRONG bytes')
    const mib = (size: number) => Math.round(size / MIB)
    for (const who of ['sharer', 'receiver'] as const)
      console.log(`memory     ${who}: ${mib(most[who])} MiB at most, ${mib(idle[who])} MiB without`)
    const isBounded = most.sharer - idle.sharer <= MAX_GROWTH && most.receiver - idle.receiver <= MAX_GROWTH
    if (!isBounded) console.log(`memory is NOT bounded: over ${mib(MAX_GROWTH)} MiB more`)
    return isSame && isBounded
  } finally {
    await sharer.context.close()
    await receiver.context.close()
  }
}

async function showBytes(bytes: number, directory: string): Promise<boolean> {
  const path = join(directory, 'large.bin')
  await writeSparse(path, bytes)
  const given: Given = {
    ...{ field: 'page-file', path },
    async watch(page) {
      await page.addInitScript(() => {
        for (const name of ['showSaveFilePicker', 'showDirectoryPicker']) Reflect.deleteProperty(globalThis, name)
      })
      const downloading = page.waitForEvent('download', { timeout: LONG_MS })
      return async () => (await sha256Of(await (await downloading).path())) === (await sha256Of(path))
    },
  }
  return show(`${bytes.toLocaleString('en')} bytes`, given, directory)
}

async function showFiles(count: number, directory: string): Promise<boolean> {
  const path = join(directory, 'many')
  for (let i = 0; i < count; i++) {
    const folder = join(path, String(Math.floor(i / FILES_PER_FOLDER)))
    if (i % FILES_PER_FOLDER === 0) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${i}.txt`), `file ${i}`)
  }
  const given: Given = {
    ...{ field: 'page-folder', path },
    async watch(page) {
      await page.addInitScript(() => {
        Object.assign(globalThis, {
          showDirectoryPicker: async () => (await navigator.storage.getDirectory()).getDirectoryHandle('chosen', { create: true }),
        })
      })
      return async () => (await rightFiles(page)) === count
    },
  }
  return show(`${count.toLocaleString('en')} files`, given, directory)
}

/** How many files have come with the bytes that their names say; -1 when another one is among them. */
function rightFiles(page: Page): Promise<number> {
  return page.evaluate(async () => {
    let right = 0
    const read = async (directory: FileSystemDirectoryHandle): Promise<boolean> => {
      for await (const [name, handle] of directory.entries()) {
        if (handle.kind === 'directory') {
          if (!(await read(handle as FileSystemDirectoryHandle))) return false
        } else if ((await (await (handle as FileSystemFileHandle).getFile()).text()) === `file ${name.replace('.txt', '')}`) right++
        else return false
      }
      return true
    }
    return (await read(await (await navigator.storage.getDirectory()).getDirectoryHandle('chosen'))) ? right : -1
  })
}

const [first, second] = process.argv.slice(2)
const directory = temporaryDirectory()
const isShown =
  first === 'files' ? showFiles(Number(second ?? DEFAULT_FILES), directory) : showBytes(Number(first ?? DEFAULT_BYTES), directory)
process.exitCode = (await isShown) ? 0 : 1
rmSync(directory, { recursive: true, force: true })
