import { expect, it, onTestFinished } from 'vitest'
import { abortable } from '../../../node/async/abort.ts'
import { memorySource } from '../../../node/index.ts'
import type { ReceivedOffer } from '../../../node/sharing/offer-types.ts'
import { encodeMessage, OFFER_MODULE } from '../../../node/sharing/offers/offer-message.ts'
import { KEPT_LIMITS } from '../../../node/sharing/offers/offer-records.ts'
import { RECEIVED_LIMITS } from '../../../node/sharing/offers/received-offers.ts'
import type { ShareItem, SubmissionSaver } from '../../../node/sharing/types.ts'
import { createOfferWorld } from '../../helpers/offer-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const WAIT_MS = 10_000
const file = (size = 9, path = 'a.bin'): ShareItem => ({ kind: 'file', path, source: memorySource(new Uint8Array(size)) })

/** @param saved the words and the files of each share */
function saverInto(saved: string[]): SubmissionSaver {
  return {
    async saveShare(received, folder) {
      for (const { id, path } of received.entries) {
        saved.push(`${folder.split(' ').at(-1)}/${path}`)
        received.saved(id)
      }
    },
    async saveStream(_folder, path) {
      saved.push(path)
    },
  }
}

async function twoPeople() {
  const world = createOfferWorld()
  const join = async (...who: Parameters<typeof world.join>) => {
    const joined = await world.join(...who)
    onTestFinished(() => joined.offers.stop())
    return joined
  }
  const [ann, ben] = [await join('ann', 'ann-1'), await join('ben', 'ben-1')]
  world.befriend('ann', 'ben')
  return { world, join, ann, ben }
}

function listen({ offers }: Awaited<ReturnType<typeof twoPeople>>['ben']): ReceivedOffer[] {
  const heard: ReceivedOffer[] = []
  onTestFinished(offers.onOffer((offer) => void heard.push(offer)))
  return heard
}

const untilAborted = (signal: AbortSignal | undefined) => abortable<never>(signal, () => undefined)
const until = (test: () => boolean, what: string) => waitFor(test, WAIT_MS, what)

/** A message about an offer as somebody may send it, whatever they have made. */
function offerData(byte: number, more: object = {}) {
  const share = { id: new Uint8Array(32).fill(byte), secret: new Uint8Array(16).fill(byte) }
  const offer = new Uint8Array(16).fill(byte)
  return encodeMessage({ type: 'offer', offer, share, words: '', count: 1, bytes: 9, files: [], ...more })
}

it('an offer waits for somebody who is away, is given when they are there, and is done when everything is saved', async () => {
  const { ann, ben } = await twoPeople()
  ann.connect()
  const offer = await ann.offers.make('ben', [file(5), file(7, 'b/c.txt')], { words: 'Hello' })
  expect(offer).toMatchObject({ state: 'waiting', isAway: true, count: 2, bytes: 12, words: 'Hello' })
  const heard = listen(ben)
  ben.connect()
  await until(() => offer.state === 'asked', 'asked')
  expect(heard[0]).toMatchObject({ account: 'ann', alias: 'ann', state: 'asked', count: 2, bytes: 12 })
  expect(heard[0]?.files.map(({ path }) => path)).toEqual(['a.bin', 'b/c.txt'])
  const saved: string[] = []
  await heard[0]?.receive(saverInto(saved))
  expect(saved).toEqual(['ann/a.bin', 'ann/b/c.txt', 'words.txt'])
  expect(heard[0]?.state).toBe('done')
  await until(() => offer.state === 'done', 'done')
  await expect(heard[0]?.receive(saverInto(saved))).rejects.toMatchObject({ code: 'ERR_SHARE_ENDED' })
  await offer.close()
  expect(ann.offers.made()).toEqual([])
})

it('what was decided while the other was away is told when they meet', async () => {
  const { ann, ben } = await twoPeople()
  ann.connect()
  ben.connect()
  const heard = listen(ben)
  const [kept, refused] = [await ann.offers.make('ben', [file()]), await ann.offers.make('ben', [file()])]
  await until(() => heard.length === 2 && kept.state === 'asked' && refused.state === 'asked', 'both are asked')
  ann.leave()
  const of = (id: string) => heard.find((each) => each.id === id) as ReceivedOffer
  const saved: string[] = []
  await of(refused.id).refuse()
  await of(kept.id).receive(saverInto(saved))
  expect(refused.state).toBe('waiting')
  ann.connect()
  await until(() => refused.state === 'refused' && kept.state === 'done', 'both are known')
})

it('one that is taken back while the other is away ends there, in words, when they meet; also after a restart of its sender', async () => {
  const { join, ann, ben } = await twoPeople()
  ann.connect()
  ben.connect()
  const heard = listen(ben)
  const [taken, asked] = [await ann.offers.make('ben', [file()]), await ann.offers.make('ben', [file()])]
  await until(() => heard.length === 2, 'both are asked')
  const of = (id: string) => heard.find((each) => each.id === id) as ReceivedOffer
  const receiving = of(taken.id).receive({ saveShare: (_share, _folder, { signal }) => untilAborted(signal), saveStream: async () => {} })
  receiving.catch(() => {})
  await until(() => taken.state === 'taken' && asked.state === 'asked', 'one is taken, one is asked')
  ben.leave()
  await taken.close()
  await asked.close()
  expect(ann.offers.made()).toEqual([])
  expect([of(taken.id).state, of(asked.id).state]).toEqual(['taken', 'asked'])
  ann.leave()
  ann.offers.stop()
  const again = await join('ann', 'ann-1b', ann.store)
  expect(again.offers.made()).toEqual([])
  again.connect()
  ben.connect()
  await until(() => of(taken.id).state === 'over' && of(asked.id).state === 'over', 'both are over')
  await expect(receiving).rejects.toThrow('It was taken back')
})

it('of two instances one has it: the other is told, and one that is late stops', async () => {
  const { world, join, ann, ben } = await twoPeople()
  const ben2 = await join('ben', 'ben-2')
  const [here, there] = [listen(ben), listen(ben2)]
  for (const each of [ann, ben, ben2]) each.connect()
  const offer = await ann.offers.make('ben', [file()])
  await until(() => here.length === 1 && there.length === 1, 'both are asked')
  let go = () => {}
  const slow: SubmissionSaver = {
    saveShare: () => new Promise((resolve) => (go = resolve)),
    saveStream: async () => {},
  }
  const receiving = here[0]?.receive(slow)
  await until(() => there[0]?.state === 'over', 'the other is told')
  await expect(there[0]?.receive(slow)).rejects.toMatchObject({ code: 'ERR_SHARE_ENDED' })
  expect(offer.state).toBe('taken')
  const answer = { state: 'taken', receiver: new Uint8Array(16).fill(9), text: '' } as const
  const data = encodeMessage({ type: 'answer', offer: Buffer.from(offer.id, 'hex'), answer })
  expect(await world.call('ben-2', 'ann-1', OFFER_MODULE, data)).toEqual({ value: 1 })
  go()
  await receiving
})

it('a rule takes offers without a question, up to its bytes; own instances always are', async () => {
  const { join, ann, ben } = await twoPeople()
  const ann2 = await join('ann', 'ann-2')
  const [heard, own] = [listen(ben), listen(ann2)]
  await ben.offers.setRule('ann', { upTo: 9 })
  for (const each of [ann, ben, ann2]) each.connect()
  await ann.offers.make('ben', [file(9)])
  await ann.offers.make('ben', [file(10)])
  await ann.offers.make('Us', [file(1_000)])
  await until(() => heard.length === 2 && own.length === 1, 'all have come')
  expect(heard.map(({ state, bytes }) => [state, bytes]).sort()).toEqual([
    ['asked', 10],
    ['taken', 9],
  ])
  expect(own[0]).toMatchObject({ state: 'taken', alias: undefined })
  await ben.offers.setRule('ann', 'ask')
  expect(ben.offers.ruleOf('ann')).toBe('ask')
  for (const wrong of [{ upTo: 0 }, 'never', undefined])
    await expect(ben.offers.setRule('ann', wrong as never)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await expect(ben.offers.setRule('ben', 'ask')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await expect(ben.offers.setRule('eve', 'always')).rejects.toMatchObject({ code: 'ERR_NOBODY' })
})

it('a share that lists more than was offered is not received, and is over', async () => {
  const { ann, ben } = await twoPeople()
  const heard = listen(ben)
  for (const each of [ann, ben]) each.connect()
  const offer = await ann.offers.make('ben', [file(9)])
  await until(() => heard.length === 1, 'asked')
  Object.assign(offer.share?.entries[0] as object, { size: 1_000 })
  await expect(heard[0]?.receive(saverInto([]))).rejects.toMatchObject({ code: 'ERR_DROP_REFUSED' })
  expect(heard[0]).toMatchObject({ state: 'over', text: 'The files are not those that were offered' })
})

it('an offer ends with the contact, on both sides', async () => {
  const { world, ann, ben } = await twoPeople()
  const heard = listen(ben)
  for (const each of [ann, ben]) each.connect()
  const offer = await ann.offers.make('ben', [file()])
  await until(() => heard.length === 1, 'asked')
  world.part('ann', 'ben')
  await until(() => offer.state === 'ended' && heard[0]?.state === 'over', 'both have ended')
  expect(offer.share?.state).toBe('ended')
  expect(await world.call('ann-1', 'ben-1', OFFER_MODULE, offerData(1))).toMatchObject({ error: { code: 'ERR_REFUSED' } })
})

it('nobody else decides about an offer, and bad data is refused', async () => {
  const { world, join, ann, ben } = await twoPeople()
  const eve = await join('eve', 'eve-1')
  world.befriend('eve', 'ann')
  world.befriend('eve', 'ben')
  const heard = listen(ben)
  for (const each of [ann, ben, eve]) each.connect()
  const made = await ann.offers.make('ben', [file()])
  await until(() => made.state === 'asked', 'asked')
  const offer = Buffer.from(made.id, 'hex')
  const refusal = { type: 'answer', offer, answer: { state: 'refused', receiver: undefined, text: '' } } as const
  expect(await world.call('eve-1', 'ann-1', OFFER_MODULE, encodeMessage(refusal))).toEqual({ value: 2 })
  await world.call('eve-1', 'ben-1', OFFER_MODULE, encodeMessage({ type: 'over', offer, reason: 'withdrawn' }))
  expect(await world.call('eve-1', 'ben-1', OFFER_MODULE, offerData(0, { offer }))).toMatchObject({ value: [5, null, ''] })
  expect([made.state, heard[0]?.state]).toEqual(['asked', 'asked'])
  expect(await world.call('eve-1', 'ben-1', OFFER_MODULE, ['?'])).toMatchObject({ error: { code: 'ERR_BAD_INPUT' } })
})

it('limits: offers that wait, in all and for one; new ones of one account; nobody who listens', async () => {
  const { world, ann, ben } = await twoPeople()
  for (let i = 0; i < KEPT_LIMITS.maxMadePerAccount; i++) await ann.offers.make('ben', [file()])
  await expect(ann.offers.make('ben', [file()])).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  await expect(ann.offers.make('ben', [file()], { words: 'x'.repeat(2_001) })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await expect(ann.offers.make('ben', [])).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  for (const offer of ann.offers.made()) await offer.close()
  await expect(ann.offers.make('ben', [])).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await expect(ann.offers.make('eve', [file()])).rejects.toMatchObject({ code: 'ERR_NOBODY' })

  for (const each of [ann, ben]) each.connect()
  const give = async (byte: number) =>
    ((await world.call('ann-1', 'ben-1', OFFER_MODULE, offerData(byte))) as { value: unknown[] }).value[0]
  expect(await give(1)).toBe(7)
  const heard = listen(ben)
  for (let i = 0; i < RECEIVED_LIMITS.maxPerAccount; i++) expect(await give(i)).toBe(0)
  expect(await give(100)).toBe(6)
  expect(await give(0)).toBe(0)
  for (const offer of heard) await offer.refuse()
  expect(await give(0)).toBe(4)
  let taken = 0
  for (let i = 100; i < 200 && (await give(i)) === 0; i++) {
    taken++
    await heard.at(-1)?.refuse()
  }
  expect(taken).toBe(RECEIVED_LIMITS.perAccount.burst - RECEIVED_LIMITS.maxPerAccount)
  world.clock.ticksMs += 2_000
  expect(await give(200)).toBe(0)
})

it('No and Receive in one moment, and Receive twice: what was refused stays refused, and nothing is received', async () => {
  const { ann, ben } = await twoPeople()
  const heard = listen(ben)
  for (const each of [ann, ben]) each.connect()
  const made = await ann.offers.make('ben', [file()])
  await until(() => heard.length === 1, 'asked')
  const saved: string[] = []
  const pressed = await Promise.allSettled([
    heard[0]?.refuse(),
    heard[0]?.receive(saverInto(saved)),
    heard[0]?.receive(saverInto(saved)),
    heard[0]?.refuse(),
  ])
  expect(pressed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  await until(() => made.state === 'refused', 'its maker hears of it')
  expect([heard[0]?.state, saved]).toEqual(['refused', []])
})

it('an offer that is taken back in the moment in which it is received ends on both sides', async () => {
  const { ann, ben } = await twoPeople()
  const heard = listen(ben)
  for (const each of [ann, ben]) each.connect()
  const made = await ann.offers.make('ben', [file()])
  await until(() => heard.length === 1, 'asked')
  const receiving = heard[0]?.receive({
    saveShare: (_received, _folder, { signal } = {}) => untilAborted(signal),
    async saveStream() {},
  })
  const [, outcome] = await Promise.allSettled([made.close(), receiving])
  expect(outcome.status).toBe('rejected')
  await until(() => heard[0]?.state === 'over', 'it is over')
  expect(ann.offers.made()).toEqual([])
})
