/**
 * Memory of young objects. V8 gives them more room whenever many of them are still in use, up to 64 MiB twice over on a machine with some
 * gigabytes, and takes it back only when the process has long had little to do. Bounded, it is collected more often, which costs a node
 * little, since few of its objects are in use for long. `npm run bench -- tabs` prints memory, and what a join costs.
 */

/** The V8 of Node.js 24, in which this was measured. Others may not know the flag, and would say so on stderr. */
const MEASURED = '13.6.'

/** The room stays as it is: V8's first one while the program is loaded, which takes no longer than with more. */
const STAY = '--semi-space-growth-factor=1'
/** V8's own. */
const GROW = '--semi-space-growth-factor=2'

/** Both halves, in bytes. With half as much, one who reads large content takes longer (`npm run bench -- bulk`): its pieces come and go. */
export const MAX_YOUNG_BYTES = 33_554_432

/** Old objects of a node with some hundreds of tabs, in bytes. */
const LARGE_BYTES = 50_000_000
/**
 * V8 collects a heap again once it has grown by so much of its size: by itself, a small one only at four times its size. Of the old objects of a node that
 * many tabs have joined, a third was what joining leaves behind.
 */
const COLLECT_SOON = '--heap-growing-percent=40'
/** V8's own choice. */
const COLLECT_LATE = '--heap-growing-percent=0'

const isMeasured = () => process.versions.v8.startsWith(MEASURED)

/**
 * For a process of our own that runs for long, before it loads much: see `countBytesApart`, with which it shares what is said of flags and of
 * compiled code.
 */
export function holdYoungMemory(): void {
  if (isMeasured()) process.getBuiltinModule('node:v8').setFlagsFromString(STAY)
}

/** To be called once all is loaded: lets the room grow to its bound, whenever it is below. */
export function boundYoungMemory(): void {
  if (!isMeasured()) return
  const { PerformanceObserver } = process.getBuiltinModule('node:perf_hooks')
  const { getHeapSpaceStatistics, setFlagsFromString } = process.getBuiltinModule('node:v8')
  process.getBuiltinModule('node:module').flushCompileCache()
  let mayGrow = false
  let isLarge = false
  const look = () => {
    const spaces = getHeapSpaceStatistics()
    const spaceOf = (name: string) => spaces.find(({ space_name }) => space_name === name)
    const may = (spaceOf('new_space')?.space_size ?? 0) < MAX_YOUNG_BYTES
    if (may !== mayGrow) setFlagsFromString(may ? GROW : STAY)
    mayGrow = may
    const large = (spaceOf('old_space')?.space_used_size ?? 0) >= LARGE_BYTES
    if (large !== isLarge) setFlagsFromString(large ? COLLECT_SOON : COLLECT_LATE)
    isLarge = large
  }
  look()
  new PerformanceObserver(look).observe({ entryTypes: ['gc'] })
}
