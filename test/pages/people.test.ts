/** The examples of people in a real Chromium: each page as it stands in browser/examples, tabs against nodes. */

import type { BrowserContext, Page } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { type ScriptPageOptions, serveScript } from '../helpers/script-page.ts'
import { waitFor } from '../helpers/wait-for.ts'

const chromium = useChromium({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] })

async function serveExample(name: string, options?: ScriptPageOptions): Promise<string> {
  const site = await serveScript(new URL(`../../browser/examples/${name}.ts`, import.meta.url), options)
  onTestFinished(() => site[Symbol.asyncDispose]())
  return site.url
}

/** Nodes of one network that let any page in. */
async function startNodes(count: number): Promise<NodeProcess[]> {
  const nodes: NodeProcess[] = []
  for (let i = 0; i < count; i++) {
    nodes.push(await startNodeProcess({ join: nodes.slice(0, 1).map(({ url }) => url), args: ['--allow-origin', '*'] }))
  }
  return nodes
}

async function openTab(context: BrowserContext, url: string, query: Record<string, string>): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}/?${new URLSearchParams(query)}`)
  return page
}

it('echo: five tabs of a person on three nodes have four answers each', async () => {
  const nodes = await startNodes(3)
  const url = await serveExample('echo')
  const context = await chromium.newContext()
  const tabs: Page[] = []
  for (const i of [0, 1, 2, 1, 2]) tabs.push(await openTab(context, url, { gateway: (nodes[i] as NodeProcess).url }))
  for (const tab of tabs) await tab.locator('output', { hasText: /^4$/ }).waitFor()
  for (const tab of tabs) {
    await tab.locator('button').click()
    await tab.locator('li').nth(3).waitFor()
    expect(await tab.locator('li').allTextContents()).toEqual(Array(4).fill('Not Friday'))
  }
})

it('$BV: the old page’s script runs unchanged, and each of three tabs prints two answers', async () => {
  const [node] = await startNodes(1)
  const url = await serveExample('bv', { isClassic: true, html: oldPage(node as NodeProcess) })
  const context = await chromium.newContext()
  const lines: string[][] = []
  for (let i = 0; i < 3; i++) {
    const page = await context.newPage()
    const printed: string[] = []
    lines.push(printed)
    page.on('console', (message) => printed.push(message.text()))
    await page.goto(url)
  }
  const received = () => lines.map((printed) => printed.filter((line) => line === 'Received: Not Friday').length)
  await waitFor(
    () => received().every((count) => count >= 2),
    60_000,
    () => JSON.stringify(lines),
  )
  expect(received()).toEqual([2, 2, 2])
})

it('$BV: two users become contacts by a token, and each hears the other by the name it gave', async () => {
  const [node] = (await startNodes(1)) as [NodeProcess]
  const html = (user: string) => `<!doctype html>
    <script type="text/javascript" src="/page.js" data-gateway="${node.url}"></script>
    <script type="text/javascript">
      var heard = []
      $BV.on("newuser", function(alias) { heard.push("newuser " + alias) })
      $BV.on("peerconnect", function(peer) { heard.push("peerconnect " + peer.name) })
      $BV.on("error", function(error) { heard.push("error " + error.message) })
      $BV.connect("p2p.example.com", "${user}", "test")
    </script>`
  const open = async (user: string) => {
    const page = await chromium.newPage()
    await page.goto(await serveExample('bv', { isClassic: true, html: html(user) }))
    return page
  }
  const [ann, ben] = [await open('ann'), await open('ben')]
  const hears = (page: Page, what: string) => page.waitForFunction(`heard.includes(${JSON.stringify(what)})`)
  const asked = await ann.evaluate(`new Promise((resolve) => $BV.requestToken('Ben', resolve))`)
  const { token, code } = asked as { token: string; code: string }
  expect(code).toMatch(/^[a-z]+-[a-z]+-\d{4}$/)
  const claimed = await ben.evaluate(`new Promise((resolve) => $BV.claimToken('Ann', ${JSON.stringify(token)}, resolve))`)
  expect(claimed).toEqual({ alias: 'Ann' })
  await Promise.all([hears(ann, 'newuser Ben'), hears(ann, 'peerconnect Ben'), hears(ben, 'peerconnect Ann')])
  await ben.evaluate(`$BV.claimToken('nobody', 'no-such-token')`)
  await ben.waitForFunction(`heard.some((line) => line.startsWith('error'))`)
  // An invitation opens a letter with a link in it.
  const browserOfAnn = await ann.context().newCDPSession(ann)
  await browserOfAnn.send('Page.enable')
  const letter = new Promise<string>((resolve) => {
    browserOfAnn.on('Page.frameRequestedNavigation', ({ url }) => {
      if (url.startsWith('mailto:')) resolve(url)
    })
  })
  await ann.evaluate(`$BV.invite('cid@example.com')`)
  const [address, body] = (await letter).split('?body=')
  expect(address).toBe('mailto:cid%40example.com')
  expect(decodeURIComponent(body ?? '')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#add=[a-z2-7]{26}$/)
})

/** The page of the manual of p2p-platform, whose script is as it was. The tag of BV.js names the gateway. */
const oldPage = ({ url }: NodeProcess) => `<!doctype html>
<script type="text/javascript" src="/page.js" data-gateway="${url}"></script>
<script type="text/javascript">
  // Define an Echo module with a slight twist
  $BV.module("My.Echo.Module", function(e) {
    var chineseWhispers = "Not "+e.request.text;
    console.log("Routing data: "+chineseWhispers);
    e.callback({text: chineseWhispers});
  });
  // Whenever a peer connects, send them an Echo request
  $BV.on("peerconnect", function(peer) {
    $BV.get(peer.id).message("My.Echo.Module", { text: "Friday" }, function(response) {
      console.log("Received: "+response.text);
    });
  });
  // Kick off the process
  $BV.connect("p2p.example.com", "admin", "test");
</script>`

it('a chat in a room: those with its password hear each other, on two nodes, and nobody else', async () => {
  const [a, b] = (await startNodes(2)) as [NodeProcess, NodeProcess]
  const url = await serveExample('room-chat')
  const open = async ({ url: gateway }: NodeProcess, password: string) =>
    openTab(await chromium.newContext(), url, { gateway, room: 'tea', password })
  const [ann, ben, eve] = [await open(a, 'earl grey'), await open(b, 'earl grey'), await open(b, 'darjeeling')]
  for (const page of [ann, ben]) await page.getByText(/ is here$/).waitFor()
  await eve.locator('input').waitFor()
  for (const [from, to] of [
    [ann, ben],
    [ben, ann],
  ] as const) {
    await from.locator('input').fill('hello')
    await from.locator('button').click()
    await to.getByText(/^[a-z2-7]{8}: hello$/).waitFor()
  }
  expect(await eve.locator('li').count()).toBe(0)
})

it('cursors: a late joiner sees the pointer of the member who was there before, and it goes with that one', async () => {
  const [node] = (await startNodes(1)) as [NodeProcess]
  const url = await serveExample('cursors')
  const open = async () => openTab(await chromium.newContext(), url, { gateway: node.url })
  const ann = await open()
  await ann.waitForFunction(() => document.onpointermove !== null)
  await ann.mouse.move(320, 180)
  const ben = await open()
  const pointer = ben.getByText('⬉')
  await pointer.waitFor()
  expect(await pointer.evaluate((element) => element.style.left)).toBe('25%')
  await ann.close()
  await pointer.waitFor({ state: 'detached' })
})

it('a shared text: two who write at once have the same in the end, and see each other’s names', async () => {
  const [a, b] = (await startNodes(2)) as [NodeProcess, NodeProcess]
  const url = await serveExample('shared-text')
  const open = async ({ url: gateway }: NodeProcess, name: string) => openTab(await chromium.newContext(), url, { gateway, name })
  const [ann, ben] = [await open(a, 'Ann'), await open(b, 'Ben')]
  for (const page of [ann, ben]) await page.locator('output', { hasText: 'Ann' }).filter({ hasText: 'Ben' }).waitFor()
  await Promise.all([ann.locator('textarea').pressSequentially('one '), ben.locator('textarea').pressSequentially('two ')])
  const texts = () => Promise.all([ann, ben].map((page) => page.locator('textarea').inputValue()))
  await waitFor(
    async () => {
      const [one, other] = await texts()
      return one === other && one?.length === 8
    },
    30_000,
    'both have all that was written',
  )
  await ben.close()
  await ann.locator('output', { hasText: /^Ann$/ }).waitFor()
})

it('a video call: two contacts see each other’s picture', async () => {
  const [a, b] = (await startNodes(2)) as [NodeProcess, NodeProcess]
  const url = await serveExample('video-call')
  const ann = await openTab(await chromium.newContext(), url, { gateway: a.url })
  await ann.locator('#invite').click()
  const link = ann.locator('output')
  await link.filter({ hasText: '#add=' }).waitFor()
  const hash = new URL((await link.textContent()) ?? '').hash
  const ben = await (await chromium.newContext()).newPage()
  await ben.goto(`${url}/?gateway=${encodeURIComponent(b.url)}${hash}`)
  await ann.locator('#call:enabled').click()
  await ben.locator('#answer').click()
  for (const page of [ann, ben]) {
    await page.waitForFunction(() => (document.querySelector('#other') as HTMLVideoElement).videoWidth > 0)
  }
})
