/** How many people hold a page, in words. `holder-counts.ts` counts them. */

interface CountFacts {
  /** Undefined until the first answer. */
  count: number | undefined
  mine: boolean
}

/** One sentence, for instance `3 people hold this page, and you are one of them.` */
export function countSentence({ count, mine }: CountFacts): string {
  if (count === undefined) return mine ? 'You hold this page. Counting who else does…' : 'Counting who holds this page…'
  if (count <= 0) return mine ? 'You hold this page. Announcing it to the network…' : 'Nobody holds this page now.'
  if (count === 1) return mine ? '1 person holds this page: you.' : '1 person holds this page.'
  if (!mine) return `${count} people hold this page.`
  return count === 2 ? '2 people hold this page: you and one more.' : `${count} people hold this page, and you are one of them.`
}

/** The short form for a list: `3 people`, `only you`. */
export function countText({ count, mine }: CountFacts): string {
  if (count === undefined || (count <= 0 && mine)) return 'counting…'
  if (count <= 0) return 'nobody'
  if (count === 1) return mine ? 'only you' : '1 person'
  return `${count} people`
}
