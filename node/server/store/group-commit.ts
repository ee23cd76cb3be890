/**
 * Group commit: items added in one turn of the event loop share one transaction, and items added while it is written share the next. One sync to
 * the disk then serves many. A large group may be synced in another thread: this one goes on with other work, and items that are added meanwhile
 * share the next group. A small one is synced at once, since nobody has other work while one message goes after the other. A group's
 * changes can be read before its sync, and are still there when that fails: the caller hides them and takes them back.
 */

export const GROUP_COMMIT_DEFAULTS = {
  maxItems: 256, // 16 MiB of the largest messages; larger transactions are not faster (scripts/bench-inbox.ts)
  maxWaiting: 4_096, // as many as one peer can have unanswered on a few connections
  /** Lets data that is sent in the same turn leave before the commit, which blocks this thread. */
  isAfterSending: false,
}

interface GroupCommitOptions<Item, Result> extends Partial<typeof GROUP_COMMIT_DEFAULTS> {
  /**
   * Commits all items, and returns a result for each. When it throws, none of them is stored.
   *
   * @param isSynced true: what has to be on the disk is there when it returns; false: once `sync` resolves
   */
  commit(items: Item[], isSynced: boolean): Result[]
  /**
   * Brings to the disk what was committed before it was called. Undefined when it is there already, or need not be. When it rejects, the items have
   * failed: by then, what was committed of them is out of sight, and the next commit removes it. Without it `commit` always syncs.
   */
  sync?(items: Item[]): Promise<void> | undefined
  /** The result of an item that could not be committed, synced, or queued. */
  failed(error: unknown): Result
}

/** The longest time that an item waits for others, in ms. */
const MAX_GATHER_MS = 2
/** Smaller groups do not wait for others: a sender that posts one message after the other has two items, the last outcome and the next message. */
const MIN_GATHERED = 4

export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>) {
  const { commit, sync, failed, maxItems, maxWaiting, isAfterSending } = { ...GROUP_COMMIT_DEFAULTS, ...options }
  /** Bounded: maxWaiting. */
  const waiting: { item: Item; resolve(result: Result): void }[] = []
  let isDue = false
  /** A group is being synced in another thread; the next one is committed after that. */
  let isSyncing = false
  /** How long to wait for others, in ms: as long as the last commit took, when that was large. */
  let gatherMs = 0

  function commitSome(mayWait: boolean): void {
    const startedAtMs = performance.now()
    const group = waiting.splice(0, maxItems)
    const items = group.map(({ item }) => item)
    const isLarge = group.length >= MIN_GATHERED
    const isSynced = !(mayWait && isLarge && sync !== undefined)
    const settle = (results: Result[]) => {
      group.forEach(({ resolve }, i) => {
        resolve(results[i] as Result)
      })
    }
    const fail = (error: unknown) => settle(group.map(() => failed(error)))
    gatherMs = 0
    let results: Result[]
    let syncing: Promise<void> | undefined
    try {
      results = commit(items, isSynced)
      syncing = isSynced ? undefined : sync?.(items)
    } catch (error) {
      fail(error)
      return
    }
    if (syncing !== undefined) {
      isSyncing = true
      void syncing.then(() => settle(results), fail).then(onSynced)
      return
    }
    settle(results)
    if (isLarge) gatherMs = Math.min(performance.now() - startedAtMs, MAX_GATHER_MS)
  }

  function onSynced(): void {
    isSyncing = false
    if (waiting.length > 0) runLater()
  }

  /** Runs once the sockets were read in this turn; after a large group a little later, so that items of the next turns join. */
  function runLater(): void {
    if (isDue || isSyncing) return
    isDue = true
    if (gatherMs >= 1 && waiting.length < maxItems) setTimeout(run, gatherMs)
    else if (isAfterSending) setImmediate(() => setImmediate(run))
    else setImmediate(run)
  }

  function run(): void {
    isDue = false
    if (waiting.length === 0 || isSyncing) return
    commitSome(true)
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
      while (waiting.length > 0) commitSome(false)
    },
  }
}
