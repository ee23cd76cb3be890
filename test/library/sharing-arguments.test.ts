/**
 * Each function of what sharing returns (shares, received shares, drop boxes, offers) refuses wrong arguments by a `MayflyError`, before anything
 * below it hears of them. A function that the tables do not have fails the type check.
 */

import { expect, test } from 'vitest'
import type * as node from '../../node/index.ts'
import { checkSharing } from '../../node/library/checked-sharing.ts'
import { mustRefuse } from '../helpers/wrong-arguments.ts'
import { ONE_ITEM, PARTS } from '../helpers/wrong-sharing-arguments.ts'

type Part = keyof typeof PARTS

/** Sharing whose functions must not be reached: those of the tables, which return each other's parts. */
async function createParts() {
  const reached = (): never => {
    throw new Error('a wrong argument was passed on')
  }
  const fakes = Object.fromEntries(
    Object.entries(PARTS).map(([name, table]) => [name, Object.fromEntries(Object.keys(table).map((each) => [each, reached]))]),
  ) as unknown as Record<Part, Record<string, unknown>>
  let hearSubmission: (submission: unknown) => unknown = reached
  let hearOffer: (offer: unknown) => unknown = reached
  fakes.box.onSubmission = (listener: typeof hearSubmission) => {
    hearSubmission = listener
  }
  const own = {
    share: async () => fakes.share,
    shares: () => [fakes.share],
    receive: () => fakes.received,
    claimCode: async () => '/s/x',
    openBox: async () => fakes.box,
    visitBox: async () => fakes.opened,
    passOn: reached,
    offers: {
      ...fakes.offers,
      make: async () => fakes.made,
      made: () => [fakes.made],
      onOffer: (listener: typeof hearOffer) => {
        hearOffer = listener
      },
    },
  }
  const sharing = checkSharing(own as unknown as node.PeerSharing)
  const offers = sharing.offers as node.Offers
  const box = await sharing.openBox({ title: 'x' })
  const heard: { submission?: unknown; offered?: unknown } = {}
  box.onSubmission(async (submission) => {
    heard.submission = submission
  })
  await hearSubmission(fakes.submission)
  offers.onOffer((offer) => {
    heard.offered = offer
  })
  hearOffer(fakes.offered)
  const share = await sharing.share([{ kind: 'text', path: 'a', text: 'b' }])
  expect(sharing.shares()[0]).toBe(share)
  const received = sharing.receive('/s/x')
  const opened = await sharing.visitBox('/d/x')
  const made = await offers.make('Ann', [])
  return { ...heard, sharing, offers, box, share, received, opened, made }
}

test.each(Object.keys(PARTS) as Part[])('each function of %s refuses wrong arguments', async (part) => {
  const parts = (await createParts()) as unknown as Record<Part, Record<string, (...args: unknown[]) => unknown>>
  for (const [name, kinds] of Object.entries(PARTS[part]))
    await mustRefuse(`${part}.${name}`, (...args) => parts[part][name]?.(...args), kinds)
})

test.each(ONE_ITEM)('each member of an item is looked at', async (item) => {
  const { sharing } = await createParts()
  await mustRefuse('sharing.share, one item', (one) => sharing.share([one as node.ShareItem]), [item])
})

test('files may be of before 1970, and are given text, bytes or a source', async () => {
  const given: node.ShareItem[] = []
  const share = async (items: node.ShareItem[]) => {
    given.push(...items)
    return { onChange() {} }
  }
  const sharing = checkSharing({ share } as unknown as node.PeerSharing)
  await sharing.share([{ kind: 'file', path: 'a', source: 'hello' as never, modifiedMs: -5.5 }])
  expect(given).toMatchObject([{ path: 'a', modifiedMs: 0, source: { size: 5 } }])
})
