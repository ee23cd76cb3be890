/** Pages and bundles in each engine: made in one, and opened in the next at another node. Chromium has its back/forward cache here. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ENGINES,
  hashIn,
  linkAt,
  makeFiles,
  makeText,
  openEngine,
  openHome,
  sees,
  seesCount,
  seesText,
  seesVisit,
} from '../helpers/engines.ts'
import { untilStatus } from '../helpers/gateway-client.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { pngBytes, randomBytes, wavBytes } from '../helpers/sample-files.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

let a: NodeProcess
let b: NodeProcess
beforeAll(async () => {
  a = await startNodeProcess()
  b = await startNodeProcess({ join: [a.url] })
})
afterAll(() => Promise.all([a, b].map((node) => node?.kill('SIGKILL'))))

const LOCAL_FRAME = '[data-testid="frame-local"]'
const nextOf = (engine: (typeof ENGINES)[number]) => ENGINES[(ENGINES.indexOf(engine) + 1) % ENGINES.length] as typeof engine

async function writeFiles(files: Record<string, string | Uint8Array>): Promise<string[]> {
  const folder = await createTemporaryDirectory()
  const paths = Object.keys(files).map((name) => join(folder, name))
  await Promise.all(Object.values(files).map((bytes, i) => writeFile(paths[i] as string, bytes)))
  return paths
}

describe.each(ENGINES)('engines: a page made in %s', (engine) => {
  test('is opened elsewhere and counted; its author leaves in the same window, comes back, and closes it', async (context) => {
    const [author, reader] = await Promise.all([openEngine(engine, context), openEngine(nextOf(engine), context)])
    await openHome(author, a.url)
    await makeText(author, `<p>made in ${engine}</p>`)
    const hash = await hashIn(author)
    await reader.goto(await linkAt(author, b.url))
    await seesVisit(reader, 'holding')
    await seesText(reader, `made in ${engine}`)
    await Promise.all([seesCount(author, 2), seesCount(reader, 2)])
    await author.evaluate('globalThis.wasKept = true')
    await author.goto(`${a.url}/healthz`)
    await seesCount(reader, 1)
    await author.back()
    await Promise.all([seesCount(author, 2), seesCount(reader, 2)])
    expect(await author.evaluate('globalThis.wasKept === true')).toBe(engine === 'chromium')
    await reader.close()
    await seesCount(author, 1)
    await author.close()
    await untilStatus([a.url, b.url], hash, 404, 15_000)
  })

  test('is held, and shown, after a reload', async (context) => {
    const page = await openEngine(engine, context)
    await openHome(page, a.url)
    await makeText(page, `<p>kept in ${engine}</p>`)
    await seesVisit(page, 'holding')
    await page.reload()
    await seesVisit(page, 'holding')
    await seesCount(page, 1)
    await seesText(page, `kept in ${engine}`)
  })

  test('is opened by the whole of a private link alone', async (context) => {
    const [author, reader] = await Promise.all([openEngine(engine, context), openEngine(nextOf(engine), context)])
    await openHome(author, a.url)
    await author.click('[data-testid="private"]')
    await makeText(author, `<p>secret in ${engine}</p>`)
    await seesText(author, `secret in ${engine}`, LOCAL_FRAME)
    const link = await linkAt(author, b.url)
    expect(link).toMatch(/#k=[A-Za-z0-9_-]{43}$/)
    await reader.goto(link.slice(0, link.indexOf('#')))
    await seesVisit(reader, 'locked')
    await reader.goto(`${b.url}/healthz`)
    await reader.goto(link)
    await seesVisit(reader, 'holding')
    await seesText(reader, `secret in ${engine}`, LOCAL_FRAME)
    await seesCount(author, 2)
  })

  test('of several files is a site with its style and script, and its reader holds all of it', async (context) => {
    const [author, reader] = await Promise.all([openEngine(engine, context), openEngine(nextOf(engine), context)])
    await openHome(author, a.url)
    const files = {
      'index.html': '<!doctype html><link rel=stylesheet href="a.css"><p>?</p><script src="a.js" defer></script>',
      'a.css': 'p { color: rgb(1, 2, 3) }',
      'a.js': 'onload = () => { const p = document.querySelector("p"); p.textContent = "site " + getComputedStyle(p).color }',
    }
    await makeFiles(author, await writeFiles(files))
    await reader.goto(await linkAt(author, b.url))
    await seesText(reader, 'site rgb(1, 2, 3)')
    await seesVisit(reader, 'holding') // it is small
    await seesCount(author, 2)
    await author.close()
    await seesCount(reader, 1)
    expect(await reader.evaluate(`document.querySelectorAll('[data-testid="bundle"] li').length`)).toBe(3)
  })
})

describe.each(ENGINES)('engines: the viewer in %s', (engine) => {
  test('shows a picture, plays a sound from where it is sought, and offers another file to be saved', async (context) => {
    const [author, reader] = await Promise.all([openEngine('chromium', context), openEngine(engine, context)])
    const open = async (name: string, bytes: Uint8Array) => {
      await openHome(author, a.url)
      await makeFiles(author, await writeFiles({ [name]: bytes }))
      await reader.goto(await linkAt(author, b.url))
    }
    await open('picture.png', pngBytes(400))
    await sees(reader, `document.querySelector('img#content')?.naturalWidth === 400`)
    await open('minute.wav', wavBytes(60))
    await sees(reader, `document.querySelector('audio#content')?.duration > 59`)
    await reader.evaluate(`void (document.querySelector('audio#content').currentTime = 45)`)
    const hasSought = `(({ seeking, readyState, currentTime }) => !seeking && readyState >= 2 && currentTime === 45)`
    await sees(reader, `${hasSought}(document.querySelector('audio#content'))`)
    await open('any.bin', Uint8Array.of(0xff, 0x00, 0xfe, ...randomBytes(997)))
    await seesVisit(reader, 'holding')
    await sees(reader, `document.querySelector('[data-testid="facts"]')?.textContent.includes('any.bin')`)
    expect(await reader.evaluate(`document.querySelector('[data-testid="save"]').innerText`)).toBe('Save')
  })
})
