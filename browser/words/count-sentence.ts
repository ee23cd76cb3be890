/** How many people hold a page or a file, in words. `holder-counts.ts` counts them. */

import { sayOf, type Thing } from './thing.ts'

interface CountFacts {
  /** Undefined until the first answer. */
  count: number | undefined
  mine: boolean
}

/** One sentence, for instance `3 people hold this page, and you are one of them.` */
export function countSentence(facts: CountFacts, thing: Thing = 'page'): string {
  return sayOf(thing, sentenceOf(facts))
}

function sentenceOf({ count, mine }: CountFacts): string {
  if (count === undefined) return mine ? 'You hold {these}. Counting who else does…' : 'Counting who holds {these}…'
  if (count <= 0) return mine ? 'You hold {these}. Announcing it to the network…' : 'Nobody holds {these} now.'
  if (count === 1) return mine ? '1 person holds {these}: you.' : '1 person holds {these}.'
  if (!mine) return `${count} people hold {these}.`
  return count === 2 ? '2 people hold {these}: you and one more.' : `${count} people hold {these}, and you are one of them.`
}

/** The short form for a list: `3 people`, `only you`. */
export function countText({ count, mine }: CountFacts): string {
  if (count === undefined || (count <= 0 && mine)) return 'counting…'
  if (count <= 0) return 'nobody'
  if (count === 1) return mine ? 'only you' : '1 person'
  return `${count} people`
}
