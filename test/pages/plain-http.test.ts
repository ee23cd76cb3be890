/**
 * The app by plain http from another machine, as a phone in one's own network opens it: a name that is neither localhost nor https, for which
 * Chromium gives a page no WebCrypto, no Web Locks and no private file system.
 */

import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createLinkKey, encodeLinkKey } from '../../node/index.ts'
import {
  hashOf,
  listenForTrouble,
  makeFile,
  makeText,
  openHome,
  seesContent,
  seesCount,
  seesVisit,
  sha256Hex,
} from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { listenTo, openMessages, seesMessage, seesReceiving, seesSent, writeMessage } from '../helpers/messages-page.ts'
import { useNode } from '../helpers/one-node.ts'
import { reloadAnyway } from '../helpers/reloading.ts'
import { randomBytes } from '../helpers/sample-files.ts'

const chromium = useChromium({ flags: ['--host-resolver-rules=MAP lan.local 127.0.0.1'] })

const node = useNode()
let lan: string
beforeAll(() => {
  lan = `http://lan.local:${node.port}`
})

/** A tab at that name, which has joined. */
async function openThere(): Promise<Page> {
  const page = await chromium.newPage()
  await openHome(page, lan)
  expect(await page.evaluate(() => [isSecureContext, 'subtle' in crypto, 'locks' in navigator, 'storage' in navigator])).toEqual(
    Array(4).fill(false),
  )
  return page
}

const unique = (words: string) => `${words} ${crypto.randomUUID()}`
const addressOf = async (page: Page) => {
  const { pathname, search } = new URL(await page.getByTestId('page-link').inputValue())
  return pathname + search
}

describe('by plain http from another machine', () => {
  it('a page is made, read and held, also for those who come by localhost and after its author has left', async () => {
    const author = await openThere()
    const trouble = listenForTrouble(author)
    const text = unique('made in the kitchen')
    const hash = await makeText(author, text)
    expect(hash).toBe(sha256Hex(text))
    await seesCount(author, 1)
    const [there, here] = [await chromium.newPage(), await chromium.newPage()]
    for (const [reader, origin] of [
      [there, lan],
      [here, node.url],
    ] as const) {
      await reader.goto(`${origin}/${hash}`)
      await seesContent(reader, text)
      await seesVisit(reader, 'holding')
    }
    await seesCount(author, 3)
    expect(trouble).toEqual([])
    await author.close()
    await here.close()
    await seesCount(there, 1)
    expect(await (await fetch(`${node.url}/raw/${hash}`)).text()).toBe(text)
    await there.reload()
    await seesVisit(there, 'holding')
  })

  it('a large file is made, fetched into storage that outlives a reload, and given on', async () => {
    const author = await openThere()
    const bytes = randomBytes(3_000_000)
    const hash = await makeFile(author, bytes, 'film.bin')
    expect(hash).toBe(sha256Hex(bytes))
    const reader = await chromium.newPage()
    await reader.goto(lan + (await addressOf(author)))
    await reader.getByTestId('hold-too').click()
    await seesCount(reader, 2)
    await author.close()
    await reloadAnyway(reader)
    await seesVisit(reader, 'holding')
    await seesCount(reader, 1)
    const served = new Uint8Array(await (await fetch(`${node.url}/raw/${hash}`)).arrayBuffer())
    expect(sha256Hex(served)).toBe(hash)
  })

  it('open names are listened to and written to, and an address says where it works', async () => {
    const name = `#kitchen-${crypto.randomUUID().slice(0, 8)}`
    const [listener, here] = [await chromium.newPage(), await chromium.newPage()]
    await listener.goto(`${lan}/messages`)
    await seesReceiving(listener, 'here')
    await listenTo(listener, name)
    const address = await openMessages(here, node.url)
    const writer = await chromium.newPage()
    await writer.goto(`${lan}/messages`)
    await writeMessage(writer, name, 'soup is ready')
    await writeMessage(here, name, 'on my way')
    await seesMessage(listener, 'soup is ready')
    await seesMessage(listener, 'on my way')
    await seesSent(writer, 'stored')

    expect(await writer.getByTestId('my-address').count()).toBe(0)
    expect(await writer.getByTestId('no-address').innerText()).toContain('https')
    await writeMessage(writer, address, 'a secret')
    expect(await writer.getByTestId('message-problem').innerText()).toContain('https')
    expect(await writer.getByTestId('message-text').inputValue()).toBe('a secret')
  })

  it('a private link is neither made nor opened, and the page says where it is', async () => {
    const page = await openThere()
    expect(await page.getByTestId('private').isDisabled()).toBe(true)
    expect(await page.locator('#private-means').innerText()).toContain('https')
    const hash = await makeText(page, unique('not private'))
    const reader = await chromium.newPage()
    await reader.goto(`${lan}/${hash}#k=${encodeLinkKey(createLinkKey())}`)
    await seesVisit(reader, 'no-crypto')
    expect(await reader.getByTestId('visit-status').innerText()).toContain('https')
    expect(hashOf(reader)).toBe(hash)
  })
})
