/**
 * Group commit: items added in one turn of the event loop share one transaction, and items added while it is written share the next. One sync to
 * the disk then serves many.
 */

export const GROUP_COMMIT_DEFAULTS = {
  maxItems: 256, // 16 MiB of the largest messages; larger transactions are not faster (scripts/bench-inbox.ts)
  maxWaiting: 4_096, // as many as one peer can have unanswered on a few connections
  /** Lets data that is sent in the same turn leave before the commit, which blocks this thread. */
  isAfterSending: false,
}

interface GroupCommitOptions<Item, Result> extends Partial<typeof GROUP_COMMIT_DEFAULTS> {
  /** Commits all items durably, and returns a result for each. When it throws, none of them is stored. */
  commit(items: Item[]): Result[]
  /** The result of an item that could not be committed, or not be queued. */
  failed(error: unknown): Result
}

/** The longest time that an item waits for others, in ms. */
const MAX_GATHER_MS = 2
/** Smaller groups do not wait for others: a sender that posts one message after the other has two items, the last outcome and the next message. */
const MIN_GATHERED = 4

export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>) {
  const { commit, failed, maxItems, maxWaiting, isAfterSending } = { ...GROUP_COMMIT_DEFAULTS, ...options }
  /** Bounded: maxWaiting. */
  const waiting: { item: Item; resolve(result: Result): void }[] = []
  let isDue = false
  /** How long to wait for others, in ms: as long as the last commit took, when that was large. */
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

  /** Runs once the sockets were read in this turn; after a large group a little later, so that items of the next turns join. */
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
    /** Resolves after the commit. Never rejects. */
    add(item: Item): Promise<Result> {
      if (waiting.length >= maxWaiting) return Promise.resolve(failed(new Error(`more than ${maxWaiting} messages wait for the disk`)))
      const { promise, resolve } = Promise.withResolvers<Result>()
      waiting.push({ item, resolve })
      runLater()
      return promise
    },
    /** Commits all waiting items now. */
    flush(): void {
      while (waiting.length > 0) commitSome()
    },
  }
}
