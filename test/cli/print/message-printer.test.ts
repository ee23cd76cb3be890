import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { printMessages } from '../../../node/cli/print/message-printer.ts'
import { createOutput } from '../../../node/cli/print/output.ts'
import { createInbox } from '../../helpers/inbox.ts'
import { sampleMessage } from '../../helpers/sample-messages.ts'
import { waitFor } from '../../helpers/wait-for.ts'

test('message printer: a slow reader gets each message, and no message waits in memory', async () => {
  const { inbox } = await createInbox({ senderRate: 0 })
  await inbox.keep('#a', [sampleMessage({ body: 'before' })])
  const stdout = new PassThrough({ highWaterMark: 1_000 })
  const output = createOutput({ stdout, stderr: new PassThrough(), json: true })
  const stop = printMessages(inbox, output, stdout)
  for (let i = 0; i < 10; i++)
    await inbox.keep(
      '#a',
      Array.from({ length: 50 }, (_, j) => sampleMessage({ body: `${i * 50 + j}` })),
    )
  await waitFor(() => stdout.writableNeedDrain, 5_000, 'the reader is behind')
  expect(stdout.readableLength + stdout.writableLength).toBeLessThan(5_000)

  let text = ''
  stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  await waitFor(
    () => text.split('\n').length > 500,
    10_000,
    () => `all have come: ${text.split('\n').length}`,
  )
  const bodies = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).body)
  expect(bodies).toEqual(Array.from({ length: 500 }, (_, i) => String(i)))
  stop()
  await inbox.keep('#a', [sampleMessage()])
  expect(stdout.writableLength).toBe(0)
})
