import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readServerSentEvents } from '../../../node/cli/fetch/server-sent-events.ts'

async function read(...chunks: (string | Uint8Array)[]): Promise<{ event: string; data: string }[]> {
  async function* body() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
  }
  const events: { event: string; data: string }[] = []
  for await (const { event = 'message', data } of readServerSentEvents(body())) events.push({ event, data })
  return events
}

test('server-sent events: reads names and data, and skips comments and other fields', async () => {
  expect(await read(':hello\n\nevent: count\nid: 7\ndata: {"holders":1}\n\nretry: 5\ndata:2\ndata\ndata:  3\n\n')).toEqual([
    { event: 'count', data: '{"holders":1}' },
    { event: 'message', data: '2\n\n 3' },
  ])
})

test('server-sent events: an event that is cut off is dropped', async () => {
  expect(await read('data: 1\n\ndata: 2\n')).toEqual([{ event: 'message', data: '1' }])
})

test('server-sent events: any line end, and any cut between two bytes, reads the same', async () => {
  const text = 'event: a\ndata: é🙂\ndata: 2\n\n:\ndata: 3\n\n'
  const whole = await read(text)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(60), { maxLength: 8 }), async (lineEnd, cuts) => {
      const bytes = new TextEncoder().encode(`${text.replaceAll('\n', lineEnd)}:end\n`)
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      expect(await read(...at.slice(1).map((end, i) => bytes.subarray(at[i], end)))).toEqual(whole)
    }),
  )
})

test('server-sent events: an endless event is refused, in one line or in many', async () => {
  const refusal = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
  await expect(read('data: ', 'x'.repeat(70_000))).rejects.toEqual(refusal)
  await expect(read(...Array.from({ length: 80 }, () => `data: ${'x'.repeat(1000)}\n`))).rejects.toEqual(refusal)
})
