/**
 * Group commit: what asks to be durable within one turn of the event loop goes into one transaction, and what comes while that is written
 * into the next. One sync to the disk then serves many.
 */

export interface GroupCommitOptions<Item, Result> {
  /** Commits them all, durably, and says what became of each; when it throws, none of them is there. */
  commit(items: Item[]): Result[]
  /** What became of an item that could not be committed, or not even wait. */
  failed(error: unknown): Result
  maxItems?: number
  maxWaiting?: number
  /** What is sent in the same turn leaves before the commit, which keeps this thread from everything else. */
  isAfterSending?: boolean
}

export const GROUP_COMMIT_DEFAULTS = {
  maxItems: 256, // 16 MiB of the largest messages; more in one transaction makes none of them faster (scripts/bench-inbox.ts)
  maxWaiting: 4_096, // as many as one peer can have unanswered on a few connections
  isAfterSending: false,
} as const

export interface GroupCommit<Item, Result> {
  /** Resolves after the commit. Never rejects. */
  add(item: Item): Promise<Result>
  /** Commits what waits, at once. */
  flush(): void
}

/** Nobody waits for others for longer than this, in ms. */
const MAX_GATHER_MS = 2
/** Of fewer at once nobody waits for others: one sender that posts one message after the other has two, what became of the last and the next. */
const MIN_GATHERED = 4

interface Waiting<Item, Result> {
  item: Item
  resolve(result: Result): void
}

export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const { commit, failed, maxItems, maxWaiting, isAfterSending } = { ...GROUP_COMMIT_DEFAULTS, ...options }
  /** Bounded: maxWaiting. */
  const waiting: Waiting<Item, Result>[] = []
  let isDue = false
  /** How long to gather: as long as the last commit took, when it was of many. */
  let gatherMs = 0

  function commitSome(): void {
    const startedAtMs = performance.now()
    const group = waiting.splice(0, maxItems)
    let results: Result[]
    try {
      results = commit(group.map(({ item }) => item))
    } catch (error) {
      results = group.map(() => failed(error))
    }
    group.forEach(({ resolve }, i) => {
      resolve(results[i] as Result)
    })
    gatherMs = group.length >= MIN_GATHERED ? Math.min(performance.now() - startedAtMs, MAX_GATHER_MS) : 0
  }

  /** After the sockets were read in this turn; where many come, a little later, so that those of the next turns go with them. */
  function runLater(): void {
    if (isDue) return
    isDue = true
    if (gatherMs >= 1 && waiting.length < maxItems) setTimeout(run, gatherMs)
    else if (isAfterSending) setImmediate(() => setImmediate(run))
    else setImmediate(run)
  }

  function run(): void {
    isDue = false
    if (waiting.length === 0) return
    commitSome()
    if (waiting.length > 0) runLater()
  }

  return {
    add(item) {
      if (waiting.length >= maxWaiting) return Promise.resolve(failed(new Error(`more than ${maxWaiting} messages wait for the disk`)))
      const { promise, resolve } = Promise.withResolvers<Result>()
      waiting.push({ item, resolve })
      runLater()
      return promise
    },
    flush() {
      while (waiting.length > 0) commitSome()
    },
  }
}
