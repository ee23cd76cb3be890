import { expect, test } from 'vitest'
import { messageLines } from '../../../node/cli/print/message-facts.ts'
import type { InboxMessage } from '../../../node/inbox.ts'
import { messageFacts } from '../../../node/index.ts'
import { decodeLink } from '../../../node/keys/links.ts'
import { sampleSender } from '../../helpers/sample-messages.ts'

const HASH = 'ab'.repeat(32)
const FROM = sampleSender('anna').hashname

function messageOf(facts: Partial<Omit<InboxMessage, 'body'>> & { body?: string | Uint8Array } = {}): InboxMessage {
  const { body = 'hello', ...others } = facts
  return {
    sequence: 1,
    id: 'ab'.repeat(32),
    end: '#wall',
    from: FROM,
    sentAtMs: 1,
    storedAtMs: new Date(2026, 10, 21, 12, 30, 1).getTime(),
    isSealed: false,
    type: 'text/plain',
    fields: {},
    ...others,
    body: typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body,
  }
}

test.each<[string, Parameters<typeof messageOf>[0], string]>([
  ['time, end, short hashname and text', {}, `12:30:01  #wall  ${FROM.slice(0, 8)}…: hello`],
  ['the name that the owner gave', { name: 'Anna' }, '12:30:01  #wall  Anna: hello'],
  ['of a hashname its beginning', { end: FROM, name: 'Anna' }, `12:30:01  ${FROM.slice(0, 8)}…  Anna: hello`],
  [
    'each line of several',
    { name: 'A', body: '\n\n first\r\n12:30:01  #b  B: no\n' },
    '12:30:01  #wall  A: first\n          12:30:01  #b  B: no',
  ],
  ['control characters as ?', { name: 'A', body: 'a\u001b[31mb\tc\u009bd\u0000' }, '12:30:01  #wall  A: a?[31mb  c?d?'],
  ['what turns text round as ?', { name: 'A\u202e', body: 'a\u2066b\u200fc' }, '12:30:01  #wall  A?: a?b?c'],
  ['of bytes type and size', { name: 'A', type: 'image/png', body: new Uint8Array(7) }, '12:30:01  #wall  A: (image/png, 7 bytes)'],
  ['of text that is none its size', { name: 'A', body: Uint8Array.of(0xff) }, '12:30:01  #wall  A: (text/plain, 1 bytes)'],
  ['that one is empty', { name: 'A', body: '' }, '12:30:01  #wall  A: (empty)'],
  [
    'no command with a link that is no address of content',
    { name: 'A', body: '', fields: { link: `/${HASH}'; rm -rf ~'` } },
    '12:30:01  #wall  A: (empty)',
  ],
])('a line shows %s', (_, facts, line) => {
  expect(messageLines(messageOf(facts))).toBe(line)
})

test.each([`/${HASH}`, `/${HASH}?o=${HASH}#k=${'A'.repeat(43)}`])(
  'a body that came as content is shown as the command that gets it: %s',
  (link) => {
    const message = messageOf({ name: 'A', body: '', fields: { link } })
    const [first, command] = messageLines(message, { contentOrigin: 'http://a.example' }).split('\n')
    expect(first).toMatch(/^12:30:01 {2}#wall {2}A: \(text\/plain, too large/)
    expect(command).toBe(`          mayfly get 'http://a.example${link}'`)
    const [, bare = ''] = messageLines(message).split('\n')
    expect(decodeLink(bare.slice(22, -1))).toMatchObject({ hash: HASH })
  },
)

test('of a long message the beginning is shown, with its size and where the whole is', () => {
  const lines = messageLines(messageOf({ body: 'x\n'.repeat(25_000) }), { pageUrl: 'http://localhost:4100' }).split('\n')
  expect(lines).toHaveLength(21)
  expect(lines.at(-1)).toBe('          … (48.8 KiB; whole at http://localhost:4100/?before=2#m1)')
  const [wide, rest] = messageLines(messageOf({ body: '🙂'.repeat(12_500) })).split('\n')
  expect(wide?.endsWith(`: ${'🙂'.repeat(500)}`)).toBe(true)
  expect(rest).toContain('48.8 KiB')
})

test('JSON has text as text, and everything else in base64', () => {
  expect(messageFacts(messageOf())).toMatchObject({ sequence: 1, end: '#wall', body: 'hello' })
  expect(messageFacts(messageOf())).not.toHaveProperty('encoding')
  expect(messageFacts(messageOf({ type: 'application/ld+json', body: '{}' }))).toMatchObject({ body: '{}' })
  expect(messageFacts(messageOf({ type: 'image/png', body: 'hello' }))).toMatchObject({ body: 'aGVsbG8=', encoding: 'base64' })
  expect(messageFacts(messageOf({ body: Uint8Array.of(0xff) }))).toMatchObject({ body: '/w==', encoding: 'base64' })
})
