/** The time of a node that hears several clocks. A page's library has not this: a tab follows its home. */

/** The time that most clocks agree on, this machine's among them, ahead of the monotonic one, in ms; undefined when there is none. */
export function majorityAhead(others: readonly { aheadMs: number }[], ownMs: number, agreeMs: number): number | undefined {
  const sorted = [...others.map(({ aheadMs }) => aheadMs), ownMs].toSorted((a, b) => a - b)
  // Of an even number both middle ones are tried: the group that holds most clocks has one of them.
  for (const middle of [Math.floor(sorted.length / 2), Math.floor((sorted.length - 1) / 2)]) {
    const near = sorted.filter((each) => Math.abs(each - (sorted[middle] as number)) <= agreeMs)
    if (near.length * 2 > sorted.length) return near[Math.floor(near.length / 2)]
  }
  return undefined
}
