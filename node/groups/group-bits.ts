/**
 * How many bits name a group. Each server decides for itself from what its own group and one delegate of each other group say of theirs. The
 * median is what they agree on: one's own density alone left a quarter of the nodes behind at a threshold, the median 6 % (simulated).
 */

/** A server says this of its group with its heartbeats. */
export interface SizeReport {
  /** Below zero while it is joining, or has said nothing yet. */
  readonly bits: number
  /** Servers in its group, itself among them. */
  readonly size: number
}

/** Thresholds of the size of a group; below and above them the number of groups decides. */
export interface GroupFloors {
  /** A group is not split before it has more servers. */
  splitFloor: number
  /** Two groups are merged once one has fewer. */
  mergeFloor: number
}

/** Up to 48 servers there is one group, which is a full mesh. */
export const GROUP_FLOORS: Readonly<GroupFloors> = { splitFloor: 48, mergeFloor: 12 }

/** More than ten million servers need. A report that says more is a lie. */
export const MAX_GROUP_BITS = 12

/** A group is split when it has so many times more servers than there are groups. With one for a merge, a third must leave before it is undone. */
const SPLIT_RATIO = 6.25
const MERGE_RATIO = 1

/** Servers of the whole network: the median of what the reports say. At least one report, this server's own. */
export function estimateServers(reports: Iterable<SizeReport>): number {
  const sizes: number[] = []
  for (const { bits, size } of reports) {
    if (bits >= 0 && bits <= MAX_GROUP_BITS && size >= 1) sizes.push(size * 2 ** bits)
  }
  sizes.sort((a, b) => a - b)
  const middle = sizes.length / 2
  const [below = 1, above = 1] = [sizes[Math.ceil(middle) - 1], sizes[Math.floor(middle)]]
  return (below + above) / 2
}

/** One bit more, one less, or the same: a change of several takes several looks. */
export function nextBits(bits: number, servers: number, { splitFloor, mergeFloor }: GroupFloors = GROUP_FLOORS): number {
  const groups = 2 ** bits
  const size = servers / groups
  if (size > Math.max(splitFloor, SPLIT_RATIO * groups) && bits < MAX_GROUP_BITS) return bits + 1
  if (bits > 0 && size < Math.max(mergeFloor, MERGE_RATIO * groups)) return bits - 1
  return bits
}

/** The number at which a network of so many servers that grew to it comes to rest. */
export function restingBits(servers: number, floors: GroupFloors = GROUP_FLOORS): number {
  let bits = 0
  while (nextBits(bits, servers, floors) > bits) bits++
  return bits
}
