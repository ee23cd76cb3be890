import { expect, test } from 'vitest'
import { createServerNews, type ServerNewsOptions } from '../../node/network/server-news.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'

const named = (id: string) => ({ id, bytes: new TextEncoder().encode(id) })
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

function createTold(options: ServerNewsOptions = {}) {
  const { timers, pass } = createVirtualTime()
  const news = createServerNews(timers, options)
  /** Messages by the server that they were sent to. */
  const sent: Record<string, string[][]> = {}
  const greet = (id: string, ...records: string[]) => {
    sent[id] ??= []
    return news.greeted(id, records.map(named), (told) => sent[id]?.push(told.map(textOf)))
  }
  return { news, sent, greet, pass }
}

test('server news: a newcomer is told of those that come after it, several in one message, each once', async () => {
  const { news, sent, greet, pass } = createTold({ maxRecords: 2 })
  greet('a', 'old')
  for (const id of ['a', 'old', 'b', 'c', 'b', 'd']) news.met(named(id))
  expect(sent.a).toEqual([])
  await pass(1_000)
  expect(sent.a).toEqual([['b', 'c'], ['d']])
})

test('server news: of two that come at once one is told of the other, whichever is met first', async () => {
  const { news, sent, greet, pass } = createTold()
  greet('a')
  greet('b')
  news.met(named('b'))
  news.met(named('a'))
  await pass(1_000)
  expect(sent).toEqual({ a: [['b']], b: [] })
  expect([...news.toldOf('b')]).toEqual(['a'])
})

test('server news: one that comes alone causes no message, and one that was greeted a while ago is told nothing', async () => {
  const { news, sent, greet, pass } = createTold({ newcomerMs: 10_000 })
  greet('old')
  await pass(10_000)
  expect(news.size).toBe(0)
  news.met(named('b'))
  await pass(1_000)
  expect(sent).toEqual({ old: [] })
})

test('server news: a newcomer that leaves is told no more', async () => {
  const { news, sent, greet, pass } = createTold()
  const end = greet('a')
  news.met(named('b'))
  end()
  await pass(20_000)
  expect(sent).toEqual({ a: [] })
})

test('server news: whoever comes under ever new names causes so many records and no more, and one newcomer is told of so many', async () => {
  const { news, sent, greet, pass } = createTold({ burst: 10, perSecond: 1, maxRecordsInAll: 12 })
  greet('a')
  for (let i = 0; i < 1_000; i++) news.met(named(`name ${i}`))
  await pass(1_000)
  expect(sent.a?.flat()).toHaveLength(10)
  for (let second = 0; second < 8; second++) {
    news.met(named(`later ${second}`))
    await pass(1_000)
  }
  expect(sent.a?.flat()).toHaveLength(12)
})

test('server news: nothing is sent after the end', async () => {
  const { news, sent, greet, pass } = createTold()
  greet('a')
  news.met(named('b'))
  news.stop()
  await pass(20_000)
  expect([sent, news.size]).toEqual([{ a: [] }, 0])
})
