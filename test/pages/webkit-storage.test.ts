/** A tab in WebKitGTK, whose private windows store no Blob, and whose PDF viewer is a page of its own. */

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createLinkKey, encodeLinkKey, memorySource, sealSource } from '../../node/index.ts'
import { openEngine, sees } from '../helpers/engines.ts'
import { useNode } from '../helpers/one-node.ts'
import { randomBytes } from '../helpers/sample-files.ts'
import { waitFor } from '../helpers/wait-for.ts'

const node = useNode()

const find = (testId: string) => `document.querySelector('[data-testid="${testId}"]')`

async function holdAtNode(bytes: Uint8Array): Promise<string> {
  const answer = await fetch(`${node.url}/api/v1/content`, { method: 'PUT', body: new Uint8Array(bytes) })
  return ((await answer.json()) as { hash: string }).hash
}

async function holdersOf(hash: string): Promise<number> {
  const answer = await fetch(`${node.url}/api/v1/holders/${hash}`)
  return ((await answer.json()) as { holders: number }).holders
}

test('webkit: a message over 64 KiB is sent, and its text is held again after a reload', async (context) => {
  const page = await openEngine('webkit', context)
  await page.goto(`${node.url}/messages`)
  await sees(page, `${find('connection')}?.dataset.state === 'joined' && ${find('my-address')}`)
  await page.fill('[data-testid="message-to"]', '#stories')
  const text = `a long story ${'x'.repeat(66_000)}`
  const hash = createHash('sha256').update(text).digest('hex')
  // The driver types a letter at a time.
  await page.evaluate(`(() => {
    const field = ${find('message-text')}
    field.value = ${JSON.stringify(text)}
    field.dispatchEvent(new Event('input', { bubbles: true }))
  })()`)
  await page.click('[data-testid="send"]')
  await waitFor(async () => (await holdersOf(hash)) === 1, 20_000, 'the tab holds the text')
  await sees(page, `${find('sent')}?.innerText.includes('a long story')`)
  await page.goto(`${node.url}/healthz`)
  await waitFor(async () => (await holdersOf(hash)) === 0, 20_000, 'the tab has left')
  await page.goto(`${node.url}/messages`)
  await waitFor(async () => (await holdersOf(hash)) === 1, 40_000, 'the tab holds the text again')
})

/** The keys in the database of received files: of files, and how many pieces. */
const STORED = `(async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === 'mayfly-files')) return [[], 0]
  const answer = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }))
  const database = await answer(indexedDB.open('mayfly-files'))
  const stores = database.transaction(['files', 'pieces'])
  const found = [await answer(stores.objectStore('files').getAllKeys()), await answer(stores.objectStore('pieces').count())]
  database.close()
  return found
})()`

test('webkit: a large file is received, held again after a reload, and removed after the tab', async (context) => {
  const hash = await holdAtNode(randomBytes(3_000_000))
  const page = await openEngine('webkit', context)
  await page.goto(`${node.url}/${hash}`)
  await sees(page, find('hold-too'))
  await page.click('[data-testid="hold-too"]')
  await waitFor(async () => (await holdersOf(hash)) === 2, 40_000, 'the tab holds the file')
  const [[[session] = []], pieces] = await page.evaluate<[[string, string][], number]>(STORED)
  expect([typeof session, pieces]).toEqual(['string', 12])
  await page.reload()
  await waitFor(async () => (await holdersOf(hash)) === 2, 40_000, 'the tab holds the file again')
  await fetch(`${node.url}/api/v1/content/${hash}`, { method: 'DELETE' })
  const served = await fetch(`${node.url}/raw/${hash}`)
  expect(
    createHash('sha256')
      .update(new Uint8Array(await served.arrayBuffer()))
      .digest('hex'),
  ).toBe(hash)

  await page.evaluate('sessionStorage.clear()') // as in another tab: the session of the file ends with this document
  await page.goto(`${node.url}/`)
  await waitFor(async () => (await page.evaluate<[unknown[], number]>(STORED)).flat().join() === '0', 20_000, 'nothing is left of it')
})

/** The frame in the frame has the browser's viewer in it, not an empty page. */
const IS_SHOWN = `(() => {
  const shown = document.querySelector('#content')?.contentDocument?.querySelector('iframe')?.contentDocument
  return shown?.contentType === 'application/pdf' && shown.querySelector('iframe')?.src.startsWith('webkit-pdfjs-viewer:')
})()`

test('webkit: a PDF is shown, also a private one, which only the tab can read', async (context) => {
  const pdf = new TextEncoder().encode(
    '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n',
  )
  const page = await openEngine('webkit', context)
  await page.goto(`${node.url}/${await holdAtNode(pdf)}`)
  await sees(page, IS_SHOWN)

  const key = createLinkKey()
  const sealed = await sealSource(memorySource(pdf), key, { name: 'paper.pdf', type: 'application/pdf' })
  await page.goto(`${node.url}/${await holdAtNode(await sealed.read(0, sealed.size))}#k=${encodeLinkKey(key)}`)
  await sees(page, IS_SHOWN)
})
