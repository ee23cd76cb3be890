/**
 * Buttons of a received share that are pressed at any moment, in any order, from a seed. The test plays the sharer, the storage and the disk, and
 * lets each of their steps happen when it likes. In the end everything goes on: then all that was taken is saved, once it is wanted.
 */

import { expect, test } from 'vitest'
import { EntryDownloads } from '../../../browser/sharing/entry-downloads.ts'
import { EntryNames } from '../../../browser/sharing/entry-names.ts'
import { ReceiveRecord } from '../../../browser/sharing/receive-record.ts'
import type { SavePlace } from '../../../browser/sharing/save-place.ts'
import { PieceRecord } from '../../../browser/transfer/piece-record.ts'
import type { ReceivedFiles } from '../../../browser/transfer/received-files.ts'
import { type FetchEntryOptions, type FetchShape, type PieceStore, type ShareEntry, safePath } from '../../../node/index.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const SIZE = 4
const TURNS = 60

/** Small and the same everywhere. @see https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomFrom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Steps of others that wait until the test lets them happen. */
class Steps {
  readonly #waiting: (() => void)[] = []

  /** @throws signal.reason, in its turn: nothing stops at once */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push(() => (signal?.aborted ? reject(signal.reason) : resolve())))
  }

  async run(which: (count: number) => number): Promise<boolean> {
    await new Promise<void>((resolve) => setImmediate(resolve)) // a step that has happened leads to the next ones
    const [step] = this.#waiting.splice(which(this.#waiting.length), 1)
    step?.()
    return step !== undefined
  }

  /** Those that begin meanwhile, too. */
  async runAll(): Promise<void> {
    while (await this.run(() => 0)) {}
  }
}

const entryOf = (id: number): ShareEntry => ({
  ...{ id, kind: 'file', path: `${id}.bin`, size: SIZE, mediaType: '', modifiedMs: undefined, state: 'ready', text: undefined },
  hash: `h${Math.ceil(id / 2)}`, // two and two have the same bytes
})

/** The sharer, the storage and the disk. Notes what must never happen. */
class World {
  readonly steps = new Steps()
  readonly faults: string[] = []
  /** Written, by place. */
  readonly saved: string[] = []
  entries: ShareEntry[] = [1, 2, 3, 4, 5].map(entryOf)
  readonly #open = new Set<string>()
  readonly #stored = new Set<string>()

  readonly received = {
    saved() {},
    fetch: async (id: number, storeFor: (shape: FetchShape) => Promise<PieceStore>, { signal, onProgress }: FetchEntryOptions) => {
      const { hash = '' } = this.entries.find((entry) => entry.id === id) ?? {}
      const shape = { hash, size: SIZE, pieceBytes: 1, linkKey: undefined, plainSize: SIZE }
      const store = await storeFor(shape)
      for (let index = 0; index < SIZE; index++) {
        await this.steps.next()
        onProgress?.(index) // a piece that has come is told, also when it comes too late
        signal?.throwIfAborted()
        await store.write(index, new Uint8Array(1))
      }
      return shape
    },
  }

  readonly files: ReceivedFiles = {
    outlivesReload: true,
    open: async (hash, shape) => {
      await this.steps.next()
      if (this.#open.has(hash)) this.faults.push(`${hash} is opened twice`)
      this.#open.add(hash)
      this.#stored.add(hash)
      const record = new PieceRecord(shape)
      const writeBack = async (index: number, bytes: Uint8Array) => {
        await this.steps.next()
        if (!this.#stored.has(hash)) this.faults.push(`${hash} is written and removed at once`)
        record.add(index)
        return bytes
      }
      return {
        ...{ record, have: record.bits, writeBack },
        write: async (index, bytes) => void (await writeBack(index, bytes)),
        read: async () => new Uint8Array(1),
        close: async () => {
          await this.steps.next()
          this.#open.delete(hash)
        },
      }
    },
    get: async (hash) => (this.#stored.has(hash) ? new Blob(['1234']) : undefined),
    remove: async (hash) => {
      await this.steps.next()
      if (this.#open.has(hash)) this.faults.push(`${hash} is removed while it is open`)
      this.#stored.delete(hash)
    },
  }

  place(isZip: boolean): SavePlace {
    const write = async (path: string, signal: AbortSignal) => {
      await this.steps.next(signal)
      this.saved.push(path)
      return true
    }
    if (!isZip) return { isZip, name: 'folder', save: (path, _, { signal }) => write(path, signal) }
    return {
      ...{ isZip, name: 'a.zip' },
      async saveAll(inside, { signal }) {
        for (const { path } of inside) await write(path, signal)
      },
    }
  }

  open(store: MemoryStore, signal: AbortSignal): EntryDownloads {
    const record = new ReceiveRecord(store, 'share')
    const world = this
    const received = {
      ...this.received,
      get entries() {
        return world.entries
      },
    }
    return new EntryDownloads({
      received: received as never,
      library: async () => ({}) as never,
      files: async () => this.files,
      names: new EntryNames(safePath),
      record,
      placeAgain: this.place(record.isZip),
      tell() {},
      signal,
      onChange() {},
    })
  }
}

async function play(seed: number): Promise<{ faults: readonly string[]; phases: readonly (string | undefined)[] }> {
  const random = randomFrom(seed)
  const [world, store] = [new World(), new MemoryStore()]
  const visit = new AbortController()
  const downloads = world.open(store, visit.signal)
  const pressReceive = () => {
    const ids = world.entries.filter((entry) => downloads.table.progressOf(entry) === undefined && random(3) > 0).map(({ id }) => id)
    downloads.want(ids, world.place(random(2) === 0))
  }
  const cancels: Promise<void>[] = []
  const presses = [
    pressReceive,
    pressReceive,
    () => downloads.pause(),
    () => downloads.resume(),
    () => cancels.push(downloads.cancel()),
    () => downloads.onNews(),
    () => {
      const [gone] = world.entries.splice(random(world.entries.length), 1)
      downloads.onNews()
      if (gone && random(2) === 0) world.entries.push({ ...gone, id: gone.id + 10 }) // the same file, added again
      downloads.onNews()
    },
  ]
  for (let turn = 0; turn < TURNS; turn++) {
    if (random(3) === 0) presses[random(presses.length)]?.()
    else await world.steps.run(random)
  }
  downloads.resume()
  await world.steps.runAll()
  await Promise.all(cancels)
  downloads.want(
    world.entries.filter((entry) => downloads.table.progressOf(entry) === undefined).map(({ id }) => id),
    world.place(false),
  )
  await world.steps.runAll()
  const phases = world.entries.map((entry) => downloads.table.progressOf(entry)?.phase)
  visit.abort()
  return { faults: world.faults, phases }
}

test('downloads: whatever is pressed at whichever moment, nothing stands still, and no file is removed while it is written', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { faults, phases } = await play(seed)
    expect([seed, faults, phases.filter((phase) => phase !== 'saved')]).toEqual([seed, [], []])
  }
})
