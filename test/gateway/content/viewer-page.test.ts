import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ContentFacts } from '../../../gateway/content/content-answer.ts'
import { PLAIN } from '../../../gateway/content/content-type.ts'
import { createViewerPage } from '../../../gateway/content/viewer-page.ts'

const HASH = 'a'.repeat(64)
const TEMPLATE = '{{HASH}}|{{STATE}}|{{TITLE}}|{{SENTENCE}}|{{SIZE}}|{{TYPE}}|{{FRAME}}|{{RAW}}|{{OTHER}}|$&|{{FIRST}}'

function content(type: string): ContentFacts {
  return { hash: HASH, contentType: { type, extension: 'x' }, size: 12, headers: {}, negotiatedHeaders: {} }
}

test('ViewerPage: found content is framed in a sandbox that is not the origin of the app', async () => {
  const answer = createViewerPage(TEMPLATE)(HASH, { content: content('text/html; charset=utf-8') }, 'GET')
  const [hash, state, , , size, type, frame, raw, other, dollar, first] = (await answer.text()).split('|')
  expect([answer.status, hash, state, size, type, raw]).toEqual([200, HASH, 'found', '12', 'text/html; charset=utf-8', `/raw/${HASH}`])
  expect(frame).toContain(`src="/raw/${HASH}"`)
  expect(frame).toMatch(/ sandbox="[a-z -]+"/)
  expect(frame).not.toMatch(/allow-same-origin|allow-top-navigation|escape-sandbox/)
  expect([other, dollar, first]).toEqual(['{{OTHER}}', '$&', 'content'])
})

test('ViewerPage: a short text stands in the document, letter by letter; a long one, and one that is not at hand, is framed', async () => {
  const show = async (bytes?: Uint8Array) => {
    const page = await createViewerPage(TEMPLATE)(HASH, { content: { ...content(''), contentType: PLAIN }, bytes }, 'GET').text()
    return page.split('|')[6]
  }
  const text = await show(new TextEncoder().encode(`\n<b title='1'>& "2"</b></section><script>x</script>`))
  expect(text).toMatch(/^<section id="content" class="content-text" /)
  expect(text).toMatch(
    />\n&lt;b title=&#39;1&#39;&gt;&amp; &quot;2&quot;&lt;\/b&gt;&lt;\/section&gt;&lt;script&gt;x&lt;\/script&gt;<\/section>$/,
  )
  expect(await show(new TextEncoder().encode('a   b'))).toContain('class="content-text columns"')
  for (const bytes of [undefined, new Uint8Array(16_385).fill(97)]) expect(await show(bytes)).toMatch(/^<iframe /)
})

test('ViewerPage: its policy allows the scripts and the style of the template, and no others', () => {
  const template = `<script>first()</script>{{TITLE}}<style>p {}</style><script>second()</script>`
  const policy = createViewerPage(template)(HASH, { content: content('text/html') }, 'GET').headers.get('content-security-policy')
  const hashes = ['first()', 'second()', 'p {}'].map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
  expect(policy).toContain(`; script-src 'self' ${hashes.slice(0, 2).join(' ')}; style-src 'self' ${hashes[2]}; `)
  expect(policy).not.toContain('unsafe')
})

test('ViewerPage: a file that browsers only save is not framed', async () => {
  const page = await createViewerPage(TEMPLATE)(HASH, { content: content('application/zip') }, 'GET').text()
  expect(page).toContain('|found|')
  expect(page).not.toContain('<iframe')
  expect(page.split('|').at(-1)).toBe('') // nothing waits for a frame
})

test('ViewerPage: private content is shown as private, and no cipher text is framed', async () => {
  const page = await createViewerPage(TEMPLATE)(HASH, { content: content('application/vnd.mayfly.private') }, 'GET').text()
  expect(page).toContain('private')
  expect(page).toContain('#k=')
  expect(page).not.toContain('<iframe')
})

test.each([
  [404, 'gone'],
  [503, 'offline'],
  [504, 'unavailable'],
])('ViewerPage: %i is %s', async (status, state) => {
  const problem = { status, code: 'ERR_NO_HOLDER', message: 'm', retryAfterS: 5 } as const
  const answer = createViewerPage(TEMPLATE)(HASH, { problem }, 'GET')
  expect(answer.status).toBe(status)
  expect(answer.headers.get('retry-after')).toBe('5')
  expect((await answer.text()).split('|').slice(1, 2)).toEqual([state])
})

test.each([TEMPLATE, null])('ViewerPage: values from outside are escaped, also without a template (%#)', async (template) => {
  const message = `<script>alert("1")</script>{{RAW}}'`
  const problem = { status: 404, code: 'ERR_NO_HOLDER', message } as const
  const page = await createViewerPage(template)(HASH, { problem }, 'GET').text()
  expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;{{RAW}}&#39;')
  expect(page).not.toContain('<script')
})

test('ViewerPage: HEAD has the headers of GET and no body', async () => {
  const viewer = createViewerPage(TEMPLATE)
  const [get, head] = ['GET', 'HEAD'].map((method) => viewer(HASH, { content: content('text/plain') }, method))
  expect([...(head?.headers ?? [])]).toEqual([...(get?.headers ?? [])])
  expect(await head?.text()).toBe('')
})
