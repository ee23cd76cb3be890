/** The search of an inbox in text that is written without spaces, and an index that an earlier mayfly has made. */

import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { StoredInbox } from '../../../node/server/inbox/inbox.ts'
import { createInbox } from '../../helpers/inbox.ts'
import { sampleMessage, sampleSender } from '../../helpers/sample-messages.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const finder = (inbox: StoredInbox) => (search: string) =>
  inbox.messages({ limit: 1_000, first: 'oldest', search }).map(({ sequence }) => sequence)

const BODIES = [
  '今日は新鮮なパンがあります。コーヒーとケーキも。',
  '小麦粉面包今天打折，買iPhone送面包',
  'วันนี้มีขนมปังสดใหม่ และกาแฟ',
  '호밀빵을 오늘 구웠습니다',
  'ນມື້ນີ້ນົມປັງ · នំប៉័ងថ្មី · ပေါင်မုန့်',
  'Fresh bread, crème brûlée, naïve Яблоко z\u0303ebra',
  'ﾊﾟﾝ屋 は ﾊﾞｽ停の隣 Ｂａｋｅｒｙ',
]

describe('inbox: a search in text without spaces', () => {
  test.each<[string, number[]]>([
    ['パン', [1, 7]],
    ['今日', [1]],
    ['鮮', [1]],
    ['ー', [1]],
    ['ケーキ', [1]],
    ['新鮮なパン', [1]],
    ['鮮新', []],
    ['面包', [2]],
    ['打折', [2]],
    ['打', [2]],
    ['包面', []],
    ['買iPhone', [2]],
    ['iphone', [2]],
    ['面包 今天', [2]],
    ['今', [1, 2]],
    ['ขนม', [3]],
    ['ปัง', [3]],
    ['ปง', []],
    ['ปิง', []],
    ['ก', [3]],
    ['กาแฟ', [3]],
    ['밀빵', [4]],
    ['빵', [4]],
    ['오늘', [4]],
    ['오늘'.normalize('NFD'), [4]],
    ['ນົມ', [5]],
    ['ប៉័ង', [5]],
    ['မုန့်', [5]],
    ['bread', [6]],
    ['read', []],
    ['brulee', [6]],
    ['naive', [6]],
    ['ябло', [6]],
    ['z\u0303ebra', [6]],
    ['ﾊﾟﾝ', [1, 7]],
    ['バス停', [7]],
    ['ハス', []],
    ['bakery', [7]],
    ['バ', [7]],
    ['パ'.normalize('NFD'), [1, 7]],
    ['。', []],
    ['今日。', [1]],
  ])('%s is found in %j', async (search, sequences) => {
    const { inbox } = await createInbox()
    await inbox.keep(
      '#a',
      BODIES.map((body) => sampleMessage({ body })),
    )
    expect(finder(inbox)(search)).toEqual(sequences)
  })

  test("a part of a sender's name is found beside it", async () => {
    const { inbox } = await createInbox()
    await inbox.keep('#a', [sampleMessage({ from: 'anna', body: '面包' }), sampleMessage({ from: 'bert', body: '面包' })])
    inbox.setSender(sampleSender('anna').hashname, { name: '田中パン屋' })
    expect(finder(inbox)('パン')).toEqual([1])
    expect(finder(inbox)('田中 面包')).toEqual([1])
  })

  test('it fills about as much of the disk as is counted for it', async () => {
    const { inbox, path } = await createInbox({ senderRate: 0, maxBytes: 2 ** 40 })
    // Characters that no message repeats take the most room.
    const body = (i: number) =>
      Array.from({ length: 400 }, (_, j) => String.fromCodePoint(0x4e00 + ((i * 7_919 + j * 37) % 20_000))).join('')
    for (let i = 0; i < 1_000; i += 100) {
      await inbox.keep(
        '#a',
        Array.from({ length: 100 }, (_, j) => sampleMessage({ body: body(i + j) })),
      )
    }
    expect(finder(inbox)(body(999).slice(20, 60))).toContain(1_000)
    const { bytes } = inbox.counts()
    inbox.close()
    expect(readFileSync(path).byteLength, String(bytes)).toBeLessThan(1.3 * bytes)
  })
})

describe('inbox: an index of an earlier mayfly', () => {
  /** As mayfly 0.4 writes it: the text as it is, and one fact. */
  function indexAsBefore(path: string, after = 0): void {
    const database = new DatabaseSync(path)
    const rows = database.prepare('SELECT sequence, body, type FROM messages WHERE sequence > ?').all(after)
    for (const { sequence, body, type } of rows) {
      const text = Buffer.from(body as Uint8Array).toString()
      database.prepare('DELETE FROM words WHERE rowid = ?').run(sequence as number)
      database.prepare('INSERT INTO words (rowid, body, type) VALUES (?, ?, ?)').run(sequence as number, text, type as string)
    }
    if (after === 0) database.exec("DELETE FROM facts WHERE name = 'words_sequence'")
    database.exec("INSERT OR REPLACE INTO facts SELECT 'indexed_sequence', max(sequence) FROM messages")
    database.close()
  }

  const many = (count: number, body: string) => Array.from({ length: count }, (_, i) => sampleMessage({ body: `${body} bread${i}` }))

  test('is brought up to date by itself, in small groups, while messages are stored and found', async () => {
    const opened = await createInbox({ senderRate: 0 })
    await opened.inbox.keep('#a', [...many(600, '今日はパン'), sampleMessage({ body: 'only bread600' })])
    opened.inbox.close()
    indexAsBefore(opened.path)
    const { inbox } = opened.reopen()
    const find = finder(inbox)
    // Nothing is indexed at once when it is opened or searched, however much there is.
    expect([find('パン'), find('bread599'), find('bread600')]).toEqual([[], [600], [601]])
    expect(await inbox.keep('#a', [sampleMessage({ body: '新しいパン' })])).toEqual(['stored'])
    expect(find('パン')).toContain(602)
    await waitFor(() => find('パン').length === 601, 20_000, 'all')
    expect([find('bread599'), find('bread600'), find('新しい')]).toEqual([[600], [601], [602]])
    // It is done once, and a copy of the file says so.
    const copy = `${opened.path}.copy`
    inbox.close()
    writeFileSync(copy, readFileSync(opened.path))
    const again = await createInbox({ path: copy })
    expect(finder(again.inbox)('パン')).toHaveLength(601)
  })

  test('messages that an earlier mayfly has indexed in between are brought up to date, too', async () => {
    const opened = await createInbox()
    await opened.inbox.keep('#a', [sampleMessage({ body: '面包' })])
    expect(finder(opened.inbox)('包')).toEqual([1])
    await opened.inbox.keep('#a', [sampleMessage({ body: '小麦粉面包' })])
    opened.inbox.close()
    indexAsBefore(opened.path, 1)
    const { inbox } = opened.reopen()
    await waitFor(() => finder(inbox)('面包').length === 2, 20_000, 'both')
  })

  test('a message that is removed before its turn is not found, nor one after', async () => {
    const opened = await createInbox({ keepCount: 3 })
    await opened.inbox.keep('#a', many(3, '面包'))
    opened.inbox.close()
    indexAsBefore(opened.path)
    const { inbox } = opened.reopen()
    await inbox.keep('#a', many(1, '新'))
    expect(finder(inbox)('bread0')).toEqual([4])
    await waitFor(() => finder(inbox)('面包').length === 2, 20_000, 'the others')
    inbox.close()
    const database = new DatabaseSync(opened.path)
    database.exec("INSERT INTO words (words) VALUES ('integrity-check')")
    expect(database.prepare('SELECT count(*) AS n FROM words_docsize').get()?.n).toBe(3)
    database.close()
  })
})
