/** The parts of the mailbox that need no browser. */

import { describe, expect, it } from 'vitest'
import { Cell } from '../../../browser/cell.ts'
import { Draft } from '../../../browser/messages/draft.ts'
import { type EndSettings, refuseMessage, rulesOf, rulesText } from '../../../browser/messages/end-settings.ts'
import { textOf } from '../../../browser/messages/inbox-row.ts'
import { MessageReceiver } from '../../../browser/messages/message-receiver.ts'
import { Notices, type NoticeWindow } from '../../../browser/messages/notices.ts'
import { harmlessLine, harmlessText } from '../../../browser/text/harmless-text.ts'
import { endOfLink } from '../../../browser/visit/route.ts'
import { outcomeSentence, postProblemSentence } from '../../../browser/words/message-sentence.ts'
import { type Kept, MayflyError, type Message, type PostOutcome, type Tap, type TapOptions } from '../../../node/index.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const HASHNAME = 'ab2q'.repeat(13)

describe('text of strangers', () => {
  it('keeps every letter, and replaces control and direction characters by a mark', () => {
    for (const text of ['plain', 'tab\tand\nline', 'naïve 漢字 עברית', '👩‍👩‍👧 \u{1f1e9}\u{1f1ea}', '<b>&amp;</b>'])
      expect(harmlessText(text)).toBe(text)
    for (const point of [0x00, 0x07, 0x1b, 0x7f, 0x9b, 0x061c, 0x200e, 0x200f, 0x202a, 0x202e, 0x2066, 0x2069, 0xe0041]) {
      expect(harmlessText(`a${String.fromCodePoint(point)}b`)).toBe('a\ufffdb')
    }
    expect(harmlessText('a\r\nb\rc\u2028d')).toBe('a\nb\nc\nd')
    expect(harmlessLine('a\n\tb')).toBe('a b')
  })

  it('is text according to its type; invalid UTF-8 does no harm', () => {
    const body = Uint8Array.of(0x61, 0xff, 0x62)
    expect(textOf({ type: 'text/plain; charset=utf-8', body })).toBe('a\ufffdb')
    expect(textOf({ type: 'application/json', body })).toBe('a\ufffdb')
    for (const type of ['application/octet-stream', 'image/svg+xml', 'application/jsonp', ''])
      expect(textOf({ type, body })).toBeUndefined()
  })
})

describe('a link to an end', () => {
  it('names the end', () => {
    expect(endOfLink(`https://a.example/to/${HASHNAME}`)).toBe(HASHNAME)
    expect(endOfLink('http://localhost:4000/to/%23wall')).toBe('#wall')
    for (const text of ['#wall', HASHNAME, 'https://a.example/', 'https://a.example/to/a/b', 'javascript:/to/a'])
      expect(endOfLink(text)).toBeUndefined()
  })
})

describe('the settings of an end', () => {
  const known = { hashname: HASHNAME, names: new Map([['friend', 'Ann']]), muted: new Set(['bore', 'friend-once']) }

  it('accept messages by the policy, and none of muted senders', () => {
    const refusals = (policy: EndSettings['policy']) =>
      ['friend', 'stranger', HASHNAME, 'bore'].map((from) => refuseMessage(from, policy, known))
    expect(refusals('open')).toEqual([undefined, undefined, undefined, 'muted'])
    expect(refusals('known')).toEqual([undefined, 'unknown-sender', undefined, 'muted'])
    expect(refusals('muted')).toEqual(['muted', 'muted', 'muted', 'muted'])
  })

  it('accept messages that meet all conditions, which have a text', () => {
    const conditions = [
      { field: 'type', value: 'text/plain' },
      { field: 're', value: undefined },
    ]
    expect(rulesOf(conditions)).toEqual([{ is: { type: 'text/plain' }, has: ['re'] }])
    expect(rulesText(rulesOf(conditions))).toBe('type is “text/plain” and re exists')
    expect([rulesOf([]), rulesText([])]).toEqual([[], ''])
    expect(rulesText([{ has: ['a'] }, { has: ['b'] }])).toBe('a exists, or b exists')
  })
})

describe('a draft', () => {
  it('is no answer any more when its receiver changes or it was sent', () => {
    const draft = new Draft(new MemoryStore())
    draft.write('yes')
    draft.answer('#wall', 'aa')
    expect(draft.state.get()).toEqual({ to: '#wall', text: 'yes', answers: 'aa' })
    draft.write('no')
    expect(draft.state.get().answers).toBe('aa')
    draft.address('#other')
    expect(draft.state.get()).toEqual({ to: '#other', text: 'no' })
    draft.answer('#wall', 'aa')
    draft.clear('yes')
    expect(draft.state.get(), 'begun while "yes" was sent').toEqual({ to: '#wall', text: 'no', answers: 'aa' })
    draft.clear('no')
    expect(draft.state.get()).toEqual({ to: '#wall', text: '' })
  })

  it('is there after a reload of its tab, as long as it says something', () => {
    const store = new MemoryStore()
    const draft = new Draft(store)
    draft.write('dear')
    draft.answer('#wall', 'aa')
    expect(new Draft(store).state.get()).toEqual({ to: '#wall', text: 'dear', answers: 'aa' })
    draft.clear('dear')
    expect(new Draft(store).state.get()).toEqual({ to: '#wall', text: '' })
    draft.address('')
    expect(store.length).toBe(0)
    store.setItem('mayfly:draft:message', '{"to":5}')
    expect(new Draft(store).state.get()).toEqual({ to: '', text: '' })
  })
})

describe('sentences', () => {
  it('differ for each outcome, and for one that is tried again', () => {
    const receipt = { receiver: new Uint8Array(32), ids: [], storedAtMs: 0, bytes: new Uint8Array() }
    const outcomes: (PostOutcome | undefined)[] = [
      undefined,
      { state: 'stored', receipts: [receipt] },
      { state: 'stored', receipts: [receipt, receipt] },
      { state: 'heard', taps: 2 },
      { state: 'queued', nodes: 0, untilMs: 1 },
      { state: 'queued', nodes: 3, untilMs: 1 },
      { state: 'refused', reason: 'muted' },
      { state: 'refused', reason: 'full' },
      { state: 'expired' },
    ]
    const sentences = [true, false].flatMap((isDone) =>
      outcomes.map((outcome) => outcomeSentence({ end: '#wall', outcome, isDone, expiresAtMs: 1 })),
    )
    expect(new Set(sentences).size).toBe(outcomes.length + 2) // two refusals, each with two sentences
    const own = outcomes.slice(0, -1).map((outcome) => outcomeSentence({ end: HASHNAME, outcome, isDone: true, expiresAtMs: 1 }))
    expect(own[1]).toBe('Delivered: the receiver has stored it.')
    expect(own.slice(4, 6).every((sentence) => sentence.startsWith('Waiting: the receiver seems to be away.'))).toBe(true)
    // A receipt says that the message is stored; nobody says that it was read.
    for (const sentence of [...sentences, ...own]) expect(sentence).not.toMatch(/\bread\b/)
    const problems = (['ERR_BAD_END', 'ERR_LIMIT', 'ERR_NO_CRYPTO'] as const).map((code) =>
      postProblemSentence(new MayflyError(code, 'why')),
    )
    expect(new Set(problems).size).toBe(3)
    expect(postProblemSentence(new Error('the reason'))).toContain('the reason')
  })
})

/** A window that answers the question for permission, and records its notifications. */
function noticeWindow(answer: NotificationPermission, permission: NotificationPermission = 'default') {
  const asked: number[] = []
  const shown: [string, NotificationOptions][] = []
  const document = { hidden: true }
  class Shown {
    static permission = permission
    static async requestPermission() {
      asked.push(1)
      return answer
    }
    constructor(title: string, options: NotificationOptions) {
      shown.push([title, options])
    }
  }
  return { window: { Notification: Shown, document, isSecureContext: true, focus() {} } as unknown as NoticeWindow, asked, shown, document }
}

describe('notices', () => {
  const notice = { id: 'aa', title: 'Ann', text: 'hello' }

  it('are shown only with permission while the page is hidden; permission is asked for once', async () => {
    const { window, asked, shown, document } = noticeWindow('granted')
    const notices = new Notices(window)
    notices.show(notice)
    expect([asked.length, shown]).toEqual([0, []])
    await notices.ask()
    notices.show(notice)
    document.hidden = false
    notices.show(notice)
    await notices.ask()
    expect(shown).toEqual([['Ann', { body: 'hello', tag: 'aa' }]])
    expect(asked.length).toBe(1)
  })

  it('are not shown without permission, or in browsers without them', async () => {
    const { window, shown } = noticeWindow('denied')
    const notices = new Notices(window)
    await notices.ask()
    notices.show(notice)
    expect([notices.permission.get(), shown]).toEqual(['denied', []])
    const none = new Notices({ document: { hidden: true }, isSecureContext: true, focus() {} })
    await none.ask()
    none.show(notice)
    expect(none.permission.get()).toBe('unsupported')
    const { window: insecure } = noticeWindow('denied', 'denied')
    expect(new Notices({ ...insecure, isSecureContext: false }).permission.get()).toBe('unsupported') // Chromium says denied there
  })
})

/** The locks of one browser, and its open taps. */
function receivingParts() {
  const waiting: (() => void)[] = []
  let isHeld = false
  const locks = {
    async request(_name: string, ...given: unknown[]) {
      const work = given.at(-1) as (lock: object | null) => Promise<unknown> | undefined
      const { ifAvailable, signal } = (given.length > 1 ? given[0] : {}) as LockOptions
      signal?.throwIfAborted()
      if (isHeld && ifAvailable) return work(null)
      if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve))
      isHeld = true
      await work({})
      isHeld = false
      waiting.shift()?.()
    },
  } as unknown as Pick<LockManager, 'request'>
  const open = new Map<string, TapOptions>()
  const refused = new Map<string, Error>()
  const messages = {
    tap(end: string, options: TapOptions = {}): Tap {
      if (end === '#bad') throw new MayflyError('ERR_BAD_END', 'no end')
      open.set(end, options)
      const problem = refused.get(end)
      return {
        end,
        ready: problem ? Promise.reject(problem) : Promise.resolve(),
        close: async () => void open.delete(end),
        async *[Symbol.asyncIterator]() {},
      }
    },
  }
  /** Closes the tab that has the lock. */
  const passOn = () => waiting.shift()?.()
  return { locks, messages, open, refused, passOn }
}

const listened = (end: string, settings: Partial<EndSettings> = {}): EndSettings => ({ end, policy: 'open', rules: [], ...settings })
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('receiving', () => {
  const secret = new Uint8Array(32)
  const given: [string, number][] = []
  const keep = async (end: string, arrived: Message[]): Promise<Kept[]> => {
    given.push([end, arrived.length])
    return arrived.map(() => 'stored')
  }

  it('taps the address and each end, follows added and removed ends, and reports refused ones', async () => {
    const { locks, messages, open, refused } = receivingParts()
    const ends = new Cell<readonly EndSettings[]>([listened('#wall')])
    const receiving = new MessageReceiver({ messages, secret, hashname: HASHNAME, ends, keep, locks })
    receiving.start(new AbortController().signal)
    await settled()
    expect([receiving.state.get(), [...open.keys()]]).toEqual(['here', [HASHNAME, '#wall']])
    await open.get('#wall')?.keep?.([{} as Message])
    expect(given).toEqual([['#wall', 1]])

    refused.set('#full', new MayflyError('ERR_LIMIT', 'full'))
    ends.set([listened('#full'), listened('#bad')])
    await settled()
    expect([...open.keys()]).toEqual([HASHNAME, '#full'])
    expect([...receiving.problems.get().keys()].toSorted()).toEqual(['#bad', '#full'])
    ends.set([])
    await settled()
    expect([...receiving.problems.get().keys()]).toEqual([])
  })

  it('taps with the rules of an end, again when they change, and never a muted end', async () => {
    const { locks, messages, open } = receivingParts()
    const ends = new Cell<readonly EndSettings[]>([listened('#wall'), listened('#quiet', { policy: 'muted' })])
    const receiving = new MessageReceiver({ messages, secret, hashname: HASHNAME, ends, keep, locks })
    receiving.start(new AbortController().signal)
    await settled()
    expect([...open.keys()]).toEqual([HASHNAME, '#wall'])
    const before = open.get('#wall')
    ends.set([listened('#wall', { policy: 'known' }), listened('#quiet')])
    expect([open.get('#wall'), [...open.keys()]]).toEqual([before, [HASHNAME, '#wall', '#quiet']])
    const rules = [{ is: { type: 'text/plain' } }]
    ends.set([listened('#wall', { rules })])
    expect([open.get('#wall')?.rules, [...open.keys()]]).toEqual([rules, [HASHNAME, '#wall']])
  })

  it('is done by one tab, and by another when that one is closed', async () => {
    const { locks, messages, open, passOn } = receivingParts()
    const ends = new Cell<readonly EndSettings[]>([])
    const [first, second] = [1, 2].map(() => new MessageReceiver({ messages, secret, hashname: HASHNAME, ends, keep, locks })) as [
      MessageReceiver,
      MessageReceiver,
    ]
    for (const receiver of [first, second]) receiver.start(new AbortController().signal)
    await settled()
    expect([first.state.get(), second.state.get()]).toEqual(['here', 'elsewhere'])
    open.clear()
    passOn()
    await settled()
    expect([second.state.get(), [...open.keys()]]).toEqual(['here', [HASHNAME]])
  })

  it('ends with its mailbox: its taps are closed, and only then the next mailbox of the browser receives', async () => {
    const { locks, messages, open } = receivingParts()
    const ends = new Cell<readonly EndSettings[]>([listened('#wall')])
    const create = () => new MessageReceiver({ messages, secret, hashname: HASHNAME, ends, keep, locks })
    const [before, after, ended] = [create(), create(), new AbortController()]
    before.start(ended.signal)
    after.start(new AbortController().signal)
    await settled()
    const taps = [...open.values()]
    ended.abort()
    ends.set([]) // the ended one follows the ends no more
    await settled()
    expect([after.state.get(), [...open.keys()]]).toEqual(['here', [HASHNAME]])
    expect(taps).not.toContain(open.get(HASHNAME))
  })

  it('is done by every tab without Web Locks, and for no address where nothing sealed can be opened', async () => {
    const { messages, open } = receivingParts()
    const ends = new Cell<readonly EndSettings[]>([listened('#wall')])
    const receiving = new MessageReceiver({ messages, secret, hashname: undefined, ends, keep, locks: undefined })
    receiving.start(new AbortController().signal)
    await settled()
    expect([receiving.state.get(), [...open.keys()]]).toEqual(['here', ['#wall']])
  })
})
