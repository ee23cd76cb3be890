/** Messages from tab to tab, as two people write them: in a real Chromium, through a real node. */

import { describe, expect, it } from 'vitest'
import { listenForTrouble, seesContent } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import {
  inboxOf,
  listenTo,
  openMessages,
  seesMessage,
  seesReceiving,
  seesSent,
  sendText,
  takeFrom,
  writeMessage,
} from '../helpers/messages-page.ts'
import { useNode } from '../helpers/one-node.ts'
import { waitFor } from '../helpers/wait-for.ts'

const node = useNode()
const chromium = useChromium()

/** A name that no other test listens to. */
const uniqueEnd = () => `#wall-${crypto.randomUUID().slice(0, 8)}`

describe('messages between tabs', () => {
  it('go encrypted to a hashname, are stored and answered, and a sender can be named; all of it survives a reload', async () => {
    const [ann, bob] = [await chromium.newPage(), await chromium.newPage()]
    const trouble = [listenForTrouble(ann), listenForTrouble(bob)]
    const bobs = await openMessages(bob, node.url)
    const anns = await openMessages(ann, node.url)
    expect(bobs).toMatch(/^[a-z2-7]{52}$/)
    expect(anns).not.toBe(bobs)
    await seesReceiving(bob, 'here')

    await writeMessage(ann, bobs, 'fresh bread today')
    const arrived = await seesMessage(bob, 'fresh bread today')
    expect(await arrived.getAttribute('data-sealed')).toBe('true')
    expect(await arrived.getAttribute('data-from')).toBe(anns)
    await seesSent(ann, 'stored')

    await arrived.getByTestId('name-sender').click()
    await arrived.getByTestId('sender-name').fill('Ann')
    await arrived.getByRole('button', { name: 'Save' }).click()
    await arrived.getByText('Ann', { exact: true }).waitFor()
    await arrived.getByTestId('answer').click()
    await sendText(bob, 'two loaves, please')
    const answer = await seesMessage(ann, 'two loaves, please')
    expect(await answer.getAttribute('data-from')).toBe(bobs)

    for (const page of [ann, bob]) await page.reload()
    await (await seesMessage(bob, 'fresh bread today')).getByText('Ann', { exact: true }).waitFor()
    await seesSent(ann, 'stored')
    await ann.getByTestId('sent').getByText('fresh bread today').waitFor()
    expect(await inboxOf(bob).count()).toBe(1)
    expect(trouble).toEqual([[], []])
  })

  it('reach every listener of an open name once, and nobody else', async () => {
    const [ann, bob, eve] = [await chromium.newPage(), await chromium.newPage(), await chromium.newPage()]
    const [end, other] = [uniqueEnd(), uniqueEnd()]
    for (const page of [ann, bob, eve]) await openMessages(page, node.url)
    for (const [page, name] of [
      [ann, end],
      [bob, end],
      [eve, other],
    ] as const)
      await listenTo(page, name)
    for (let i = 1; i <= 3; i++) await writeMessage(ann, end, `news ${i}`)
    await writeMessage(ann, other, 'for others')
    for (const page of [ann, bob]) {
      for (let i = 1; i <= 3; i++) await seesMessage(page, `news ${i}`)
    }
    await seesMessage(eve, 'for others')
    expect(await inboxOf(bob).allInnerTexts()).toHaveLength(3)
    expect(await inboxOf(eve).count()).toBe(1)
    await seesSent(ann, 'stored', 4)

    const odd = { body: 'odd', fields: { link: '//[', re: 'nothing' } } // fields that are no link and no id are passed over
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(odd) }
    await fetch(`${node.url}/to/${encodeURIComponent(end)}`, json)
    await seesMessage(bob, 'odd')
    const post = (i: number) => fetch(`${node.url}/to/${encodeURIComponent(end)}`, { method: 'POST', body: `by script ${i}` })
    await Promise.all(Array.from({ length: 50 }, (_, i) => post(i)))
    await bob.getByTestId('older').waitFor({ timeout: 15_000 })
    expect(await inboxOf(bob).count()).toBe(50)
    await bob.getByTestId('older').click()
    await inboxOf(bob).nth(53).waitFor()
    expect(await inboxOf(bob).count()).toBe(54)
  })

  it('wait for an absent receiver, arrive once when it is back, and can be cancelled', async () => {
    const [ann, bobsBrowser] = [await chromium.newPage(), await chromium.newContext()]
    const bob = await bobsBrowser.newPage()
    const bobs = await openMessages(bob, node.url)
    await openMessages(ann, node.url)
    await writeMessage(ann, bobs, 'before')
    await seesMessage(bob, 'before')
    await bob.close()

    await writeMessage(ann, bobs, 'while you were away')
    await seesSent(ann, 'queued')
    const back = await bobsBrowser.newPage()
    await openMessages(back, node.url)
    await seesMessage(back, 'while you were away', 40_000)
    await seesSent(ann, 'stored', 2, 40_000)
    expect(await inboxOf(back).count()).toBe(2)

    await back.close()
    await writeMessage(ann, bobs, 'never mind')
    await seesSent(ann, 'queued')
    await ann.getByTestId('forget').first().click()
    await ann.getByTestId('sent').getByText('never mind').waitFor({ state: 'detached' })
  })

  it('are received by one tab of a browser and shown by all, and another tab takes over when that one is closed', async () => {
    const ann = await chromium.newPage()
    const bobsBrowser = await chromium.newContext()
    const [first, second] = [await bobsBrowser.newPage(), await bobsBrowser.newPage()]
    const bobs = await openMessages(first, node.url)
    await seesReceiving(first, 'here')
    expect(await openMessages(second, node.url)).toBe(bobs)
    await seesReceiving(second, 'elsewhere')
    await openMessages(ann, node.url)
    await writeMessage(ann, bobs, 'one')
    for (const page of [first, second]) await seesMessage(page, 'one')
    await first.close()
    await seesReceiving(second, 'here')
    await writeMessage(ann, bobs, 'two')
    await seesMessage(second, 'two', 40_000)
    expect(await inboxOf(second).count()).toBe(2)
  })
})

describe('accepted messages', () => {
  it('exclude a sender that was muted by the button at its message, until it is unmuted', async () => {
    const [ann, bob] = [await chromium.newPage(), await chromium.newPage()]
    const bobs = await openMessages(bob, node.url)
    await openMessages(ann, node.url)
    await writeMessage(ann, bobs, 'buy this')
    await (await seesMessage(bob, 'buy this')).getByTestId('mute-sender').click()
    const muted = bob.getByTestId('muted').locator('li')
    await muted.waitFor()
    await writeMessage(ann, bobs, 'buy that')
    await seesSent(ann, 'refused')
    await muted.getByRole('button', { name: 'Unmute' }).click()
    await muted.waitFor({ state: 'detached' })
    await writeMessage(ann, bobs, 'sorry')
    await seesMessage(bob, 'sorry')
    expect(await inboxOf(bob).count()).toBe(2)
  })

  it('follow the settings of each end: its senders and its conditions', async () => {
    const [ann, bob] = [await chromium.newPage(), await chromium.newPage()]
    const [end, filtered] = [uniqueEnd(), uniqueEnd()]
    const bobs = await openMessages(bob, node.url)
    await openMessages(ann, node.url)
    await bob.getByTestId('add-condition').click()
    await bob.getByTestId('condition-field').fill('kind')
    // No message meets an empty condition: the form asks for a value, and does not listen before.
    await bob.getByTestId('end-name').fill(filtered)
    await bob.getByTestId('listen').click()
    expect(
      await bob.getByTestId('condition-value').evaluate((input) => input === document.activeElement && input.matches(':invalid')),
    ).toBe(true)
    await bob.getByTestId('condition-value').fill('news')
    await listenTo(bob, filtered)
    await bob.getByTestId('rules').getByText('kind is “news”').waitFor()
    await listenTo(bob, end)
    await takeFrom(bob, end, 'known')
    await bob.getByLabel('Accept messages to your address').selectOption('known')

    const post = (to: string, message: object, wait = '10s') =>
      fetch(`${node.url}/to/${encodeURIComponent(to)}?wait=${wait}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
      })
    expect((await post(filtered, { body: 'some news', fields: { kind: 'news' } })).status).toBe(200)
    expect((await post(filtered, { body: 'no news', fields: { kind: 'talk' } }, '1s')).status).toBe(202) // nobody receives it
    await writeMessage(ann, bobs, 'from a stranger')
    await seesSent(ann, 'refused')
    await writeMessage(ann, end, 'from a stranger, here too')
    await seesSent(ann, 'refused', 2)

    await takeFrom(bob, end, 'open')
    await writeMessage(ann, end, 'from anybody')
    await seesMessage(bob, 'from anybody')
    expect((await inboxOf(bob).getByTestId('message-body').allInnerTexts()).toSorted()).toEqual(['from anybody', 'some news'])

    await bob.reload()
    await seesReceiving(bob, 'here')
    await bob.getByTestId('rules').getByText('kind is “news”').waitFor()
    expect(await bob.getByLabel('Accept messages to your address').inputValue()).toBe('known')
    await takeFrom(bob, end, 'muted')
  })
})

describe('the text of a message', () => {
  it('is shown as plain text; unread messages count in the title of every page; a long text is a link', async () => {
    const [ann, bob] = [await chromium.newPage(), await chromium.newPage()]
    const trouble = listenForTrouble(bob)
    const bobs = await openMessages(bob, node.url)
    await openMessages(ann, node.url)
    const hostile = '<img src=x onerror="document.title=1"> <b>bold</b> \u202egnp.exe\u2066 \u0007end'
    await writeMessage(ann, bobs, hostile)
    const message = await seesMessage(bob, '<b>bold</b>')
    expect(await message.getByTestId('message-body').innerText()).toBe(hostile.replace(/[\u202e\u2066\u0007]/g, '\ufffd'))
    expect(await message.locator('img, b').count()).toBe(0)

    await bob.getByTitle('mayfly: make a page').click()
    await writeMessage(ann, bobs, 'look here')
    await waitFor(async () => (await bob.title()).startsWith('(1) '), 40_000, 'the title counts one')
    await bob.getByRole('link', { name: 'Messages (1)' }).click()
    await seesMessage(bob, 'look here')
    await waitFor(async () => (await bob.title()) === 'Messages · mayfly', 40_000, 'the title counts none')

    await ann.getByTestId('message-text').fill(`a long story ${'x'.repeat(66_000)}`)
    await ann.getByTestId('message-large').waitFor()
    await ann.getByTestId('send').click()
    await (await seesMessage(bob, 'This message is long')).getByRole('link').click()
    await seesContent(bob, 'a long story')
    expect(trouble).toEqual([])
  })

  it('is held again after a reload of its sender when it is long, until it is removed', async () => {
    const [ann, bob] = [await chromium.newPage(), await chromium.newPage()]
    const bobs = await openMessages(bob, node.url)
    await openMessages(ann, node.url)
    await writeMessage(ann, bobs, `a longer story ${'y'.repeat(66_000)}`)
    const link = (await seesMessage(bob, 'This message is long')).getByRole('link')
    const [hash] = /[0-9a-f]{64}/.exec((await link.getAttribute('href')) ?? '') ?? []
    const holders = async () => ((await (await fetch(`${node.url}/api/v1/holders/${hash}`)).json()) as { holders: number }).holders
    await waitFor(async () => (await holders()) === 1, 10_000, 'one holds it')

    await ann.goto('about:blank')
    await waitFor(async () => (await holders()) === 0, 20_000, 'nobody holds it while its sender is away')
    await openMessages(ann, node.url)
    await waitFor(async () => (await holders()) === 1, 20_000, 'it is held again')
    await ann.getByTestId('forget').first().click()
    await waitFor(async () => (await holders()) === 0, 20_000, 'it is held no more')
  })
})

describe('on a phone', () => {
  const PHONE = { viewport: { width: 390, height: 844 }, permissions: ['clipboard-read', 'clipboard-write'] }

  it('the outcome of a message stands right below the field it was written in, and the link to oneself is copied', async () => {
    const page = await chromium.newPage(PHONE)
    const address = await openMessages(page, node.url)
    await writeMessage(page, address, 'to myself')
    await seesSent(page, 'stored')
    const outcome = page.getByTestId('sent').getByText('Delivered: the receiver has stored it.')
    const [send, row] = [await page.getByTestId('send').boundingBox(), await outcome.boundingBox()]
    expect((row?.y ?? 0) - (send?.y ?? 0)).toBeGreaterThan(0)
    expect((row?.y ?? 0) - (send?.y ?? 0)).toBeLessThan(200) // less than a quarter of the screen
    for (let i = 2; i <= 4; i++) await writeMessage(page, address, `again ${i}`)
    await seesSent(page, 'stored', 4)
    await page.getByTestId('sent-all').click()
    expect(await page.getByTestId('sent').locator('li').count()).toBe(3)

    await page.getByRole('button', { name: 'Copy the link to write to you' }).click()
    const copied = () => page.evaluate(() => navigator.clipboard.readText())
    await waitFor(async () => (await copied()) === `${node.url}/to/${address}`, 20_000, 'the link is copied')
    await page.getByTestId('take-address').locator('summary').click()
    await page.getByTestId('show-secret').click()
    await page.getByTestId('address-secret').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  })

  it('the message that is being written is there after a reload', async () => {
    const page = await chromium.newPage(PHONE)
    await openMessages(page, node.url)
    await page.getByTestId('message-to').fill('#wall')
    await page.getByTestId('message-text').fill('half a senten')
    await page.reload()
    await page.getByTestId('message-text').waitFor()
    expect(await page.getByTestId('message-text').inputValue()).toBe('half a senten')
    expect(await page.getByTestId('message-to').inputValue()).toBe('#wall')
  })
})

describe('an address in two browsers', () => {
  it('is taken there by its secret, in all tabs; both receive, and the address before is not listened to any more', async () => {
    const [bob, ann] = [await chromium.newPage(), await chromium.newPage()]
    const phone = await chromium.newContext()
    const [tab, other] = [await phone.newPage(), await phone.newPage()]
    const bobs = await openMessages(bob, node.url)
    const before = await openMessages(tab, node.url)
    await seesReceiving(tab, 'here')
    await openMessages(other, node.url)
    await seesReceiving(other, 'elsewhere')
    await openMessages(ann, node.url)

    await bob.getByTestId('take-address').locator('summary').click()
    await bob.getByTestId('show-secret').click()
    const secret = await bob.getByTestId('address-secret').innerText()
    await tab.getByTestId('take-address').locator('summary').click()
    const bring = async (text: string) => {
      await tab.getByTestId('other-secret').fill(text)
      await tab.getByTestId('read-secret').click()
    }
    await bring(secret.replace(/.$/, secret.endsWith('a') ? 'b' : 'a'))
    await tab.getByTestId('secret-problem').waitFor()
    await bring(secret)
    await tab.getByTestId('adopt').click()
    for (const page of [tab, other]) await page.getByTestId('my-address').getByText(bobs).waitFor()

    // The tab that received before may have closed its taps after the other one asked for the lock.
    await tab.locator('[data-testid="receiving"]:is([data-state="here"], [data-state="elsewhere"])').waitFor()
    await writeMessage(ann, bobs, 'to one address')
    for (const page of [bob, tab, other]) await seesMessage(page, 'to one address')
    await seesSent(ann, 'stored')
    await writeMessage(ann, before, 'to the address before')
    await seesSent(ann, 'queued')
    expect(await inboxOf(tab).count()).toBe(1)
  })
})

describe('the address of a composer', () => {
  it('is a link and a QR code to the composer with the receiver filled in; an invalid address is reported', async () => {
    const bob = await chromium.newPage()
    const bobs = await openMessages(bob, node.url)
    await bob.getByTestId('show-qr').click()
    const qr = bob.getByTestId('qr')
    expect(await qr.getAttribute('alt')).toContain(`${node.url}/to/${bobs}`)
    await waitFor(() => qr.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0), 40_000, 'the picture is there')
    for (const [path, to] of [
      [`/to/${bobs}`, bobs],
      ['/to/%23wall', '#wall'],
      ['/to/wall', '#wall'],
      [`/to/${encodeURIComponent('#brød')}`, '#brød'],
    ] as const) {
      await bob.goto(node.url + path)
      await bob.getByTestId('message-to').waitFor()
      await waitFor(async () => (await bob.getByTestId('message-to').inputValue()) === to, 40_000, `the composer is addressed to ${to}`)
    }
    await writeMessage(bob, 'nobody', 'hello')
    await bob.getByTestId('message-problem').waitFor()
    expect(await bob.getByTestId('message-text').inputValue()).toBe('hello')
    await bob.getByTestId('end-name').fill('# with spaces')
    await bob.getByTestId('listen').click()
    await bob.getByTestId('listen-problem').waitFor()
  })
})
