/** The inbox's view without a browser: its addresses, its forms, and its access control. */

import { expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../../gateway/index.ts'
import { MayflyError } from '../../../node/index.ts'
import { type Answer, ask, createTestGateway } from '../../helpers/gateway.ts'
import { type InboxFront, startInbox } from '../../helpers/inbox-front.ts'
import { createMemoryInbox, MY_HASHNAME, SENDER } from '../../helpers/memory-inbox.ts'
import { startNode } from '../../helpers/network.ts'
import { withRecordingMessages } from '../../helpers/recording-messages.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const OTHER = 'b'.repeat(52)

/** The sequences of the messages on a page, in their order. */
const shownIn = ({ text }: Answer) => Array.from(text.matchAll(/<article id="m(\d+)"/g), ([, sequence]) => Number(sequence))
const page = async ({ port }: InboxFront, query = '') => ask(port, `/${query}`)

/** Sends a form of the page as a browser does. */
function send(
  { port, url }: InboxFront,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(port, path, {
    method: 'POST',
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url, 'sec-fetch-site': 'same-origin', ...headers },
  })
}

test('the newest is first, and older ones are a link away', async () => {
  const front = await startInbox()
  for (let i = 0; i < 65; i++) front.inbox.deliver({})
  const first = await page(front)
  expect(shownIn(first)).toEqual(Array.from({ length: 30 }, (_, i) => 65 - i))
  expect(first.text).toContain('<a href="/?before=36">Older</a>')
  expect(first.text).not.toContain('Newest')
  const last = await page(front, '?before=6')
  expect(shownIn(last)).toEqual([5, 4, 3, 2, 1])
  expect(last.text).toContain('<a href="/">Newest</a>')
  expect(last.text).not.toContain('Older')
  expect([first.text.includes('data-live'), last.text.includes('data-live')]).toEqual([true, false])
})

test('messages of one end, and those with some words', async () => {
  const front = await startInbox()
  front.inbox.deliver({ body: 'bread' })
  front.inbox.deliver({ body: 'bread', end: MY_HASHNAME })
  front.inbox.deliver({ body: 'rolls' })
  expect(shownIn(await page(front, '?end=%23wall'))).toEqual([3, 1])
  expect(shownIn(await page(front, `?end=${MY_HASHNAME}`))).toEqual([2])
  expect(shownIn(await page(front, '?search=bread'))).toEqual([2, 1])
  expect(shownIn(await page(front, '?search=bread&end=%23wall'))).toEqual([1])
  expect((await page(front, '?search=bread&end=%23wall')).text).toContain('name="end" value="#wall"')
  expect((await page(front, '?search=nothing')).text).toContain('Nothing found.')
})

test('a message that answers another leads to it, and says so where it is not here', async () => {
  const front = await startInbox()
  const first = front.inbox.deliver({ body: 'the question' })
  front.inbox.deliver({ fields: { re: first.id } })
  front.inbox.deliver({ fields: { re: 'f'.repeat(64) } })
  const { text } = await page(front)
  expect(text).toContain('answers <a href="/?before=2#m1"><bdi>the question</bdi></a>')
  expect(text).toContain('answers a message that is not here')
})

test('only a long body, which scrolls in itself, is a stop of the keyboard', async () => {
  const front = await startInbox()
  for (const body of ['short', 'x'.repeat(401), 'a\n'.repeat(10)]) front.inbox.deliver({ body })
  const stops = Array.from((await page(front)).text.matchAll(/<div class="body"[^>]*>/g), ([tag]) => tag.includes('tabindex'))
  expect(stops).toEqual([true, true, false])
})

test('the owner’s own messages are marked as theirs, and cannot be muted', async () => {
  const front = await startInbox()
  front.inbox.deliver({ from: MY_HASHNAME })
  const { text } = await page(front)
  expect([text.includes('<h3 id="f1">You</h3>'), text.includes('/inbox/sender')]).toEqual([true, false])
})

test('only what leads to content becomes a link', async () => {
  const front = await startInbox()
  const hash = 'a'.repeat(64)
  const links = [
    `https://pages.example/${hash}?o=${hash}`,
    `/${hash}`,
    'javascript:alert(1)',
    'https://evil.example/',
    `//evil.example/${hash}`,
  ]
  for (const link of links) front.inbox.deliver({ fields: { link } })
  const { text } = await page(front)
  const fields = Array.from(text.matchAll(/<dt>link<\/dt><dd>(.*?)<\/dd>/g), ([, field]) => field?.match(/href="([^"]*)"/)?.[1] ?? 'text')
  expect(fields.reverse()).toEqual([links[0], 'text', 'text', 'text', 'text'])
})

test('a body that was too large for a message is linked at the gateway that serves content', async () => {
  const front = await startInbox({ contentOrigin: () => 'https://pages.example' })
  front.inbox.deliver({ body: '', fields: { link: `/${'a'.repeat(64)}#k=b` } })
  const { text } = await page(front)
  expect([text.includes(`href="https://pages.example/${'a'.repeat(64)}#k=b"`), text.includes('class="body"')]).toEqual([true, false])
})

test('sending leads back to where one was, and says what became of it', async () => {
  const front = await startInbox()
  const answer = await send(front, '/inbox/post', { to: ' #wall ', body: 'one\r\ntwo', back: 'end=%23wall' })
  expect(answer.status).toBe(303)
  expect(front.inbox.posted).toEqual([{ end: '#wall', draft: { body: 'one\ntwo' } }])
  const told = await ask(front.port, answer.headers.location ?? '')
  expect(answer.headers.location).toMatch(/^\/\?end=%23wall&told=[\w-]{16}$/)
  expect(told.text).toMatch(/<p id="outcome" class="notice"[^>]*>On its way to #wall/)
  expect((await page(front, '?told=made-up')).text).not.toContain('id="outcome"')
})

test('a reply names the message that it answers: at the open end for a message there, else to the sender', async () => {
  const front = await startInbox()
  const open = front.inbox.deliver({})
  front.inbox.deliver({ end: MY_HASHNAME })
  expect((await page(front, '?re=1')).text).toContain(`name="re" value="${open.id}"`)
  expect((await page(front, '?re=1')).text).toContain('id="to" name="to" value="#wall"')
  expect((await page(front, '?re=2')).text).toContain(`id="to" name="to" value="${SENDER}"`)
  await send(front, '/inbox/post', { to: '#wall', body: 'yes', re: open.id, back: '' })
  await send(front, '/inbox/post', { to: '#wall', body: 'yes', re: 'f'.repeat(64), back: '' })
  expect(front.inbox.posted.map(({ draft }) => draft.fields)).toEqual([{ re: open.id }, undefined])
})

test('a refused reply stays in its box, with the reason', async () => {
  const front = await startInbox()
  front.inbox.outcome = { state: 'refused', reason: 'muted' }
  const muted = await send(front, '/inbox/post', { to: OTHER, body: '</textarea><b>hi', back: '' })
  expect([muted.status, muted.text.match(/<p id="outcome" class="(\w+)" role="(\w+)"/)?.slice(1)]).toEqual([403, ['problem', 'alert']])
  expect(muted.text).toContain('\n&lt;/textarea&gt;&lt;b&gt;hi</textarea>')
  front.inbox.post = async () => {
    throw new MayflyError('ERR_BAD_END', 'Not an end')
  }
  const wrong = await send(front, '/inbox/post', { to: 'no end', body: 'hi', back: '' })
  expect([wrong.status, wrong.text.includes('Not sent to no end')]).toEqual([400, true])
})

test('a sender is named, muted and unmuted, each time with a redirect to the page', async () => {
  const front = await startInbox()
  front.inbox.deliver({})
  const named = await send(front, '/inbox/sender', { hashname: SENDER, name: 'Ada <b>', do: 'name', back: 'search=hello' })
  expect([named.status, named.headers.location?.startsWith('/?search=hello&told=')]).toEqual([303, true])
  expect((await page(front)).text).toContain('<bdi>Ada &lt;b&gt;</bdi>')
  await send(front, '/inbox/sender', { hashname: SENDER, name: '', do: 'mute', back: '' })
  expect(front.inbox.senders()).toEqual([{ hashname: SENDER, name: 'Ada <b>', isMuted: true }])
  expect((await page(front)).text).toContain('>Unmute</button>')
  await send(front, '/inbox/sender', { hashname: SENDER, do: 'unmute', back: '' })
  expect(front.inbox.senders()[0]?.isMuted).toBe(false)
  expect((await send(front, '/inbox/sender', { hashname: SENDER, do: 'else', back: '' })).status).toBe(400)
})

test.each([
  ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a held page', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ['a name that was rebound to this machine', { host: 'evil.example', origin: 'http://evil.example' }],
  ['somebody behind a proxy', { 'x-forwarded-for': '192.0.2.1' }],
] as [string, Record<string, string>][])('no form is taken of %s', async (_, headers) => {
  const front = await startInbox()
  expect((await send(front, '/inbox/post', { to: '#wall', body: 'x', back: '' }, headers)).status).toBe(403)
  expect((await send(front, '/inbox/sender', { hashname: SENDER, do: 'mute', back: '' }, headers)).status).toBe(403)
  expect([front.inbox.posted, front.inbox.senders()]).toEqual([[], []])
})

test('the page is the owner’s: one may follow a link to it, and no page may read or frame it', async () => {
  const front = await startInbox()
  const get = (headers: Record<string, string>) => ask(front.port, '/', { headers })
  const answer = await get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })
  expect(answer.status).toBe(200)
  expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'nonce-[^']+'; .*frame-ancestors 'none'$/)
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expect((await get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })).status).toBe(403)
  expect((await get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(403)
  expect((await get({ host: 'evil.example' })).status).toBe(403)
  expect((await get({ 'x-forwarded-for': '192.0.2.1' })).status).toBe(403)
})

test('from another machine a browser asks its user for the token', async () => {
  const front = await startInbox({ token: 'secret', publicUrl: 'https://inbox.example' })
  const far = { host: 'inbox.example', 'x-forwarded-for': '192.0.2.1' }
  const asked = await ask(front.port, '/', { headers: far })
  expect([asked.status, asked.headers['www-authenticate']]).toEqual([401, 'Basic realm="mayfly"'])
  const allowed = await ask(front.port, '/', { headers: { ...far, authorization: `Basic ${btoa('me:secret')}` } })
  expect(allowed.status).toBe(200)
})

test('bytes are saved and never shown', async () => {
  const front = await startInbox()
  front.inbox.deliver({ body: '<script>alert(1)</script>', type: 'image/svg+xml' })
  front.inbox.deliver({ body: Uint8Array.of(1, 255), type: 'text/html' })
  expect((await page(front)).text).toContain('href="/inbox/body/2"')
  const answer = await ask(front.port, '/inbox/body/2')
  expect([answer.status, [...answer.body]]).toEqual([200, [1, 255]])
  const { 'content-type': type, 'content-disposition': disposition, 'content-security-policy': policy } = answer.headers
  expect([type, disposition, policy]).toEqual([
    'application/octet-stream',
    'attachment; filename="message-2"',
    "sandbox; default-src 'none'",
  ])
  expect((await ask(front.port, '/inbox/body/3')).status).toBe(404)
  expect((await ask(front.port, '/inbox/body/2', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
})

test('new messages are pushed as the page shows them, from where the page ends', async () => {
  const front = await startInbox()
  front.inbox.deliver({ body: 'seen' })
  front.inbox.deliver({ body: 'missed <b>' })
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const response = await fetch(`${front.url}/inbox/live?end=%23wall&after=1`, { signal: leaving.signal })
  let text = ''
  const read = async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk)
  }
  read().catch(() => {})
  await waitFor(() => text.includes('id: 2'), 5_000, 'what was missed')
  front.inbox.deliver({ end: MY_HASHNAME })
  front.inbox.deliver({ body: 'new' })
  await waitFor(() => text.includes('id: 4'), 5_000, 'what is new')
  expect(Array.from(text.matchAll(/^id: (\d+)$/gm), ([, id]) => id)).toEqual(['2', '4'])
  const first = JSON.parse(text.match(/^data: (.*)$/m)?.[1] ?? '')
  expect([first.sequence, first.end, first.html.includes('missed &lt;b&gt;')]).toEqual([2, '#wall', true])
})

test('a node with an inbox shows it at /inbox, its own pages of content are linked, and its app stays where it was', async () => {
  const node = await startNode()
  onTestFinished(() => node.stop())
  const inbox = createMemoryInbox()
  const { peer, messages } = withRecordingMessages(node.peer)
  const front = await createTestGateway(peer, { inbox })
  const hash = 'a'.repeat(64)
  inbox.deliver({ fields: { link: `/${hash}` } })
  const answer = await ask(front.port, '/inbox?end=%23wall')
  expect(shownIn(answer)).toEqual([1])
  expect(answer.text).toContain(`href="/${hash}"`)
  expect((await ask(front.port, '/')).text).not.toContain('<article')
  await ask(front.port, '/to/wall', { method: 'POST', body: 'x' })
  expect([inbox.posted.length, messages.posted.length]).toEqual([0, 1])
  const plain = createGateway({ peer, version: '0.0.0-test' })
  expect((await plain.fetch(new Request('http://localhost/inbox'))).status).toBe(404)
})

test('unknown paths are answered in words, /healthz says that all is well, and /limits lists the limits', async () => {
  const front = await startInbox()
  expect((await ask(front.port, '/nothing')).status).toBe(404)
  expect((await ask(front.port, '/%2e')).status).toBe(400)
  expect((await ask(front.port, '/healthz')).text).toBe('ok\n')
  expect(JSON.parse((await ask(front.port, '/limits')).text).message.maxBodyBytes).toBe(65_536)
  const style = await ask(front.port, '/inbox/view.css')
  expect((await ask(front.port, '/inbox/view.css', { headers: { 'if-none-match': style.headers.etag ?? '' } })).status).toBe(304)
})
