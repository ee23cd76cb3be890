import { expect, test } from 'vitest'
import { messageLine } from '../../../node/cli/print/message-facts.ts'
import type { InboxMessage } from '../../../node/inbox.ts'
import { messageFacts } from '../../../node/index.ts'
import { sampleSender } from '../../helpers/sample-messages.ts'

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
  ['the first line of several', { name: 'A', body: '\n\n first\r\nsecond' }, '12:30:01  #wall  A: first'],
  ['control characters as ?', { name: 'A', body: 'a\u001b[31mb\tc\u009bd\u0000' }, '12:30:01  #wall  A: a?[31mb?c?d?'],
  ['what turns text round as ?', { name: 'A\u202e', body: 'a\u2066b\u200fc' }, '12:30:01  #wall  A?: a?b?c'],
  ['of bytes type and size', { name: 'A', type: 'image/png', body: new Uint8Array(7) }, '12:30:01  #wall  A: (image/png, 7 bytes)'],
  ['of text that is none its size', { name: 'A', body: Uint8Array.of(0xff) }, '12:30:01  #wall  A: (text/plain, 1 bytes)'],
  ['nothing of an empty one', { name: 'A', body: '' }, '12:30:01  #wall  A: '],
  ['the beginning of a long one', { name: 'A', body: '🙂'.repeat(1_000) }, `12:30:01  #wall  A: ${'🙂'.repeat(500)}`],
])('a line shows %s', (_, facts, line) => {
  expect(messageLine(messageOf(facts))).toBe(line)
})

test('JSON has text as text, and everything else in base64', () => {
  expect(messageFacts(messageOf())).toMatchObject({ sequence: 1, end: '#wall', body: 'hello' })
  expect(messageFacts(messageOf())).not.toHaveProperty('encoding')
  expect(messageFacts(messageOf({ type: 'application/ld+json', body: '{}' }))).toMatchObject({ body: '{}' })
  expect(messageFacts(messageOf({ type: 'image/png', body: 'hello' }))).toMatchObject({ body: 'aGVsbG8=', encoding: 'base64' })
  expect(messageFacts(messageOf({ body: Uint8Array.of(0xff) }))).toMatchObject({ body: '/w==', encoding: 'base64' })
})
