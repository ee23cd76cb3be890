import { stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { InboxMessage, InboxQuery } from '../../../node/inbox.ts'
import { CLOCK_MARGIN_MS } from '../../../node/server/inbox/inbox-admission.ts'
import { createInbox, OWNER } from '../../helpers/inbox.ts'
import { sampleMessage, sampleSender } from '../../helpers/sample-messages.ts'

const ALL: InboxQuery = { limit: 1_000, first: 'oldest' }

function bodies(messages: InboxMessage[]): string[] {
  return messages.map(({ body }) => Buffer.from(body).toString())
}

function mode(path: string): Promise<number> {
  return stat(path).then((facts) => facts.mode & 0o777)
}

describe('inbox: storing', () => {
  test('each message comes back as it came, also after a restart', async () => {
    const opened = await createInbox({ now: () => 1_000_000 })
    const sealed = sampleMessage({
      from: 'anna',
      sentAtMs: 999_000,
      isSealed: true,
      type: 'application/octet-stream',
      fields: { re: 'ab'.repeat(32), thema: 'Grüße' },
      body: Uint8Array.from({ length: 256 }, (_, i) => i),
    })
    expect(await opened.inbox.keep(OWNER, [sealed])).toEqual(['stored'])
    expect(await opened.inbox.keep('#wall', [sampleMessage({ sentAtMs: 1_000_000, body: '' })])).toEqual(['stored'])
    const expected = {
      sequence: 1,
      id: Buffer.from(sealed.id).toString('hex'),
      end: OWNER,
      from: sampleSender('anna').hashname,
      sentAtMs: 999_000,
      storedAtMs: 1_000_000,
      isSealed: true,
      type: sealed.type,
      fields: sealed.fields,
      body: sealed.body,
    }
    expect(opened.inbox.message(1)).toEqual(expected)
    const { inbox } = opened.reopen()
    expect(inbox.messages(ALL)[0]).toEqual(expected)
    expect(inbox.message(expected.id)).toEqual(expected)
    expect(inbox.ends()).toEqual([
      { end: OWNER, messages: 1 },
      { end: '#wall', messages: 1 },
    ])
  })

  test('the same message is stored once, however often and wherever it comes', async () => {
    const opened = await createInbox()
    const message = sampleMessage()
    expect(await opened.inbox.keep('#a', [message, message])).toEqual(['stored', 'stored'])
    expect(await Promise.all([opened.inbox.keep('#a', [message]), opened.inbox.keep('#b', [message])])).toEqual([['stored'], ['stored']])
    const { inbox } = opened.reopen()
    expect(await inbox.keep('#a', [message])).toEqual(['stored'])
    expect(inbox.messages(ALL)).toHaveLength(1)
  })

  test('a removed message is not stored again, nor is one that expired before', async () => {
    let nowMs = 1_000_000
    const opened = await createInbox({ keepCount: 1, now: () => nowMs })
    const old = sampleMessage({ sentAtMs: nowMs, expiresAtMs: nowMs + 5_000 })
    await opened.inbox.keep('#a', [old, sampleMessage({ sentAtMs: nowMs })])
    expect(opened.inbox.messages(ALL).map(({ sequence }) => sequence)).toEqual([2])
    const later = opened.reopen()
    expect(await later.inbox.keep('#a', [old])).toEqual(['stored'])
    expect(later.inbox.messages(ALL).map(({ sequence }) => sequence)).toEqual([2])

    nowMs += 6_000 + CLOCK_MARGIN_MS
    const last = later.reopen()
    expect(await last.inbox.keep('#a', [old])).toEqual(['expired'])
    nowMs -= 6_000 + CLOCK_MARGIN_MS // the clock was wrong: its id is forgotten, and nobody knows any more whether it is new
    expect(await last.inbox.keep('#a', [old])).toEqual(['expired'])
    expect(last.inbox.messages(ALL).map(({ sequence }) => sequence)).toEqual([2])
  })

  test('a sequence is never used again, and a listener gets the messages in their order', async () => {
    const opened = await createInbox({ keepCount: 2 })
    const heard: number[] = []
    opened.inbox.onMessage(() => {
      throw new Error('dropped')
    })
    const stop = opened.inbox.onMessage(({ sequence }) => heard.push(sequence))
    await Promise.all(Array.from({ length: 5 }, () => opened.inbox.keep('#a', [sampleMessage()])))
    stop()
    await opened.inbox.keep('#a', [sampleMessage()])
    expect(heard).toEqual([1, 2, 3, 4, 5])
    const { inbox } = opened.reopen()
    await inbox.keep('#a', [sampleMessage()])
    expect(inbox.messages(ALL).map(({ sequence }) => sequence)).toEqual([6, 7])
  })

  test('only the owner can read the files', async () => {
    const { inbox, path } = await createInbox()
    await inbox.keep('#a', [sampleMessage()])
    for (const suffix of ['', '-wal', '-shm']) expect(await mode(path + suffix), suffix).toBe(0o600)
  })

  test('after close, nothing is stored or acknowledged', async () => {
    const { inbox } = await createInbox()
    const kept = inbox.keep('#a', [sampleMessage()])
    inbox.close()
    inbox.close()
    expect(await kept).toEqual(['stored'])
    expect(await inbox.keep('#a', [sampleMessage()])).toEqual(['not-stored'])
  })
})

test('inbox: a missing directory is an error in words', async () => {
  await expect(createInbox({ path: '/nowhere/inbox.db' })).rejects.toMatchObject({ code: 'ENOENT' })
})

describe('inbox: queries', () => {
  /** Ten messages, one a second. */
  async function filled() {
    let nowMs = 999_000
    const { inbox } = await createInbox({ now: () => (nowMs += 1_000) })
    const ends = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? '#odd' : '#even'))
    await Promise.all(ends.map((end, i) => inbox.keep(end, [sampleMessage({ body: `message ${i + 1}` })])))
    expect(inbox.message(10)?.storedAtMs).toBe(1_010_000)
    return inbox
  }

  test.each<[Partial<InboxQuery>, number[]]>([
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ first: 'newest', limit: 3 }, [10, 9, 8]],
    [{ first: 'newest', limit: 3, before: 8 }, [7, 6, 5]],
    [{ after: 8 }, [9, 10]],
    [{ end: '#even', after: 4, limit: 2 }, [6, 8]],
    [{ end: '#none' }, []],
    [{ sinceMs: 1_009_000 }, [9, 10]],
    [{ sinceMs: 1_005_000, end: '#odd', before: 9 }, [5, 7]],
    [{ after: 10 }, []],
    [{ search: 'message 7' }, [7]],
  ])('%j gives %j', async (query, sequences) => {
    const inbox = await filled()
    expect(inbox.messages({ ...ALL, ...query }).map(({ sequence }) => sequence)).toEqual(sequences)
  })

  test("words are found in body, type and the sender's name, even if they are syntax of FTS5", async () => {
    const { inbox } = await createInbox()
    await inbox.keep('#a', [
      sampleMessage({ from: 'anna', body: 'Fresh bread, foo-bar "today"' }),
      sampleMessage({ from: 'bert', body: 'Brot AND Butter NEAR Kaffee; äpfel', type: 'text/markdown' }),
      sampleMessage({ from: 'carl', body: Buffer.from([0xff, 0x62, 0x72]), type: 'image/png' }),
      sampleMessage({ from: 'carl', body: 'before\0after' }),
    ])
    inbox.setSender(sampleSender('anna').hashname, { name: 'Anna Berg' })
    const search = (text: string) => inbox.messages({ ...ALL, search: text }).map(({ sequence }) => sequence)
    const found: [string, number[]][] = [
      ['bread', [1]],
      ['BREAD fres', [1]],
      ['bread butter', []],
      ['anna', [1]],
      ['berg bread', [1]],
      ['berg butter', []],
      ['markdown', [2]],
      ['apfel', [2]],
      ['png', [3]],
      ['after', [4]],
      ['foo-bar', [1]],
      ['br', [1, 2]],
      ['AND', [2]],
      ['   ', [1, 2, 3, 4]],
      ['!!! ???', []],
    ]
    for (const [text, sequences] of found) expect(search(text), text).toEqual(sequences)
    const hostile = [
      '"',
      '""',
      '"a',
      'a"b"c',
      '*',
      'a*',
      'a OR b',
      'NOT',
      'NEAR(a b)',
      'body:a',
      '{a b}:c',
      '^a',
      '(',
      'a)',
      "'; DROP TABLE messages",
      '-a',
      '+',
      '\0',
      '\ud800',
    ]
    for (const text of [...hostile, hostile.join(' '), 'x'.repeat(100_000), 'x '.repeat(10_000)])
      expect(() => search(text), text.slice(0, 50)).not.toThrow()
    expect(search('body:bread')).toEqual([])
    expect(search('bread OR butter')).toEqual([])
  })
})

describe('inbox: admission', () => {
  test('muted senders are refused until they are unmuted', async () => {
    const opened = await createInbox()
    const { hashname } = sampleSender('anna')
    opened.inbox.setSender(hashname, { isMuted: true })
    const { inbox } = opened.reopen()
    expect(await inbox.keep('#a', [sampleMessage({ from: 'anna' }), sampleMessage({ from: 'bert' })])).toEqual(['muted', 'stored'])
    expect(inbox.senders()).toEqual([{ hashname, name: '', isMuted: true }])
    inbox.setSender(hashname, { isMuted: false })
    expect(await inbox.keep('#a', [sampleMessage({ from: 'anna' })])).toEqual(['stored'])
    expect(inbox.senders()).toEqual([])
    expect(inbox.counts().refused).toEqual({ muted: 1 })
  })

  test('with the policy "known", only the owner and named senders are admitted', async () => {
    const { inbox } = await createInbox({ policy: 'known' })
    inbox.setSender(sampleSender('anna').hashname, { name: '  Anna ' })
    const results = await inbox.keep(
      '#a',
      ['anna', 'owner', 'bert'].map((from) => sampleMessage({ from })),
    )
    expect(results).toEqual(['stored', 'stored', 'unknown-sender'])
    expect(inbox.messages(ALL).map(({ name }) => name)).toEqual(['Anna', undefined])
  })

  test('another policy, rate and number of messages to keep hold from the next message on', async () => {
    const { inbox } = await createInbox({ policy: 'known' })
    const settings = { policy: 'open' as const, senderRate: 0, keepDays: undefined, keepCount: undefined }
    const keep = async () => (await inbox.keep('#a', [sampleMessage({ from: 'bert' })]))[0]
    expect(await keep()).toBe('unknown-sender')
    inbox.configure(settings)
    expect([await keep(), inbox.policy]).toEqual(['stored', 'open'])
    inbox.configure({ ...settings, senderRate: 1 })
    expect([await keep(), await keep()]).toEqual(['stored', 'sender-rate'])
    inbox.configure({ ...settings, keepCount: 1 })
    expect(await keep()).toBe('stored')
    expect(inbox.messages(ALL)).toHaveLength(1)
  })

  test.each(['a\nb', 'x'.repeat(65), '\u001b[31m'])('the name %j is refused', async (name) => {
    const { inbox } = await createInbox()
    expect(() => inbox.setSender(OWNER, { name })).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
    expect(() => inbox.setSender('nobody', { name: 'a' })).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
    expect(inbox.senders()).toEqual([])
  })

  test('a message that expired long ago is refused; one that came in time is stored, though the clock of this disk may be days ahead', async () => {
    const nowMs = 1_000_000_000
    const { inbox } = await createInbox({ now: () => nowMs })
    const longAgo = sampleMessage({ sentAtMs: 1_000, expiresAtMs: nowMs - CLOCK_MARGIN_MS })
    const inTime = sampleMessage({ sentAtMs: 1_000, expiresAtMs: nowMs - CLOCK_MARGIN_MS + 1 })
    expect(await inbox.keep('#a', [longAgo, inTime])).toEqual(['expired', 'stored'])
  })

  test('a sender that writes too often is refused, and no other; repeats do not count', async () => {
    const { inbox } = await createInbox({ senderRate: 3 })
    const flood = Array.from({ length: 300 }, () => sampleMessage({ from: 'flood' }))
    const results = await Promise.all([...flood, sampleMessage({ from: 'anna' })].map((message) => inbox.keep('#a', [message])))
    expect(results.flat().slice(0, 4)).toEqual(['stored', 'stored', 'stored', 'sender-rate'])
    expect(results.flat().filter((result) => result === 'stored')).toHaveLength(4)
    expect(results.at(-1)).toEqual(['stored'])
    expect(await inbox.keep('#a', flood.slice(0, 3))).toEqual(['stored', 'stored', 'stored'])
  })
})

describe('inbox: room', () => {
  const many = (from: string, count: number, body = 'hello') => Array.from({ length: count }, () => sampleMessage({ from, body }))
  const storedOf = (results: string[]) => results.filter((result) => result === 'stored').length

  test('one sender fills at most its share, all senders without a name half, named senders the rest', async () => {
    const opened = await createInbox({ maxMessages: 80, senderShare: 1 / 8 })
    const { inbox } = opened
    const flood = await inbox.keep('#a', many('flood', 100))
    expect([storedOf(flood), flood.at(-1)]).toEqual([10, 'sender-share'])
    const throwAways = await inbox.keep(
      '#a',
      Array.from({ length: 100 }, (_, i) => sampleMessage({ from: `away ${i}` })),
    )
    expect([storedOf(throwAways), throwAways.at(-1)]).toEqual([30, 'full'])
    for (const name of ['anna', 'bert', 'carl', 'dora', 'emil']) inbox.setSender(sampleSender(name).hashname, { name })
    const known = await Promise.all(['anna', 'bert', 'carl', 'dora', 'emil'].map((name) => inbox.keep('#a', many(name, 10))))
    expect([known.map(storedOf), known.at(-1)?.at(-1)]).toEqual([[10, 10, 10, 10, 0], 'full'])
    expect(opened.reopen().inbox.counts().messages).toBe(80)
  })

  test('the file stays under its limit of bytes, and stored messages stay', async () => {
    const maxBytes = 4_000_000
    const opened = await createInbox({ maxBytes, senderRate: 0 })
    // Words that no two messages share: what is searched takes the most room then.
    const words = (i: number) => Array.from({ length: 120 }, (_, j) => `w${(i * 120 + j).toString(36)}`).join(' ')
    let stored = 0
    for (let sender = 0; sender < 20; sender++) {
      for (let i = 0; i < 20; i++) {
        const results = await opened.inbox.keep(
          '#a',
          Array.from({ length: 10 }, (_, j) => sampleMessage({ from: `${sender}`, body: words(stored + j) })),
        )
        stored += storedOf(results)
        if (results.at(-1) !== 'stored') break
      }
    }
    expect(opened.inbox.counts().refused).toMatchObject({ 'sender-share': expect.any(Number), full: expect.any(Number) })
    const { inbox, path } = opened.reopen()
    expect(inbox.counts().messages).toBe(stored)
    expect(inbox.counts().bytes).toBeLessThanOrEqual(maxBytes)
    expect((await stat(path)).size).toBeLessThan(maxBytes)
    expect((await stat(path)).size).toBeGreaterThan(inbox.counts().bytes / 4)
  })

  test("keepCount: a flood pushes out itself, and never a named sender's messages", async () => {
    const opened = await createInbox({ keepCount: 20, senderRate: 0 })
    const { inbox } = opened
    inbox.setSender(sampleSender('anna').hashname, { name: 'Anna' })
    await inbox.keep('#a', [...many('anna', 8, 'from Anna'), ...many('bert', 3, 'from Bert')])
    for (let i = 0; i < 10; i++) await inbox.keep('#a', many('flood', 50, `flood ${i}`))
    const left = bodies(inbox.messages(ALL))
    expect(left.filter((body) => body === 'from Anna')).toHaveLength(8)
    expect(left.filter((body) => body === 'from Bert')).toHaveLength(3)
    expect(left.filter((body) => body === 'flood 9')).toHaveLength(9)
    await inbox.keep(
      '#a',
      Array.from({ length: 100 }, (_, i) => sampleMessage({ from: `away ${i}` })),
    )
    expect(bodies(inbox.messages(ALL)).filter((body) => body === 'from Anna')).toHaveLength(8)
    expect(inbox.counts().messages).toBe(20)
    expect(opened.reopen({ keepCount: 5 }).inbox.counts().messages).toBe(5)
  })

  test('keepDays: older messages are removed, and not found any more', async () => {
    let nowMs = 1_000_000_000
    const opened = await createInbox({ keepDays: 2, now: () => nowMs })
    await opened.inbox.keep(
      '#a',
      Array.from({ length: 600 }, () => sampleMessage({ sentAtMs: nowMs, body: 'old' })),
    )
    nowMs += 86_400_000
    await opened.inbox.keep('#a', [sampleMessage({ sentAtMs: nowMs, body: 'young' })])
    nowMs += 86_400_001
    const { inbox } = opened.reopen()
    await inbox.tidy()
    expect(bodies(inbox.messages(ALL))).toEqual(['young'])
    expect(inbox.messages({ ...ALL, search: 'old' })).toEqual([])
    expect(inbox.counts().messages).toBe(1)
  })

  test('messages that are too old or too many are removed in small groups; others are stored in between', async () => {
    let nowMs = 1_000_000_000
    const old = () => Array.from({ length: 1_500 }, () => sampleMessage({ sentAtMs: nowMs, body: 'old' }))
    const opened = await createInbox({ senderRate: 0, now: () => nowMs })
    await opened.inbox.keep('#a', old())
    for (const options of [{ keepCount: 10 }, { keepDays: 1 }]) {
      const { inbox } = opened.reopen({ ...options, now: () => nowMs })
      if ('keepDays' in options) {
        await inbox.keep('#a', old())
        nowMs += 86_400_001
      }
      const before = inbox.counts().messages
      expect(before).toBeGreaterThan(1_000)
      let isTidy = false
      const tidied = inbox.tidy().then(() => {
        isTidy = true
      })
      const afterFirst = inbox.counts().messages
      expect(before - afterFirst).toBeLessThanOrEqual(256)
      expect(await inbox.keep('#a', [sampleMessage({ sentAtMs: nowMs, body: 'young' })])).toEqual(['stored'])
      expect(isTidy).toBe(false)
      await tidied
      expect(inbox.counts().messages).toBeLessThanOrEqual(10)
      expect(bodies(inbox.messages(ALL))).toContain('young')
    }
  })
})
