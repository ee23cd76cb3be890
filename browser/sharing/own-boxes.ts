/** The drop boxes of this browser: open while one of its tabs is, with what comes through them. Loaded for a browser that has one. */

import { createSoon } from '../../node/async/soon.ts'
import type { DropBox, DropTerms, Sharing } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import { deviceLabel } from '../text/device-label.ts'
import { type BoxFiles, type BoxFolder, hasRoom, openBoxFiles, roomLeft } from './box-files.ts'
import { type BoxIntake, createBoxIntake, type ShownSubmission } from './box-intake.ts'
import { type BoxRow, openBoxRecords } from './box-records.ts'

export interface ShownBox {
  readonly id: string
  readonly terms: DropTerms
  /** Path and fragment of its link. */
  readonly path: string
  readonly putPath: string
  /** Its owner is asked for each submission. */
  readonly asks: boolean
  readonly submissions: readonly ShownSubmission[]
  /** Folders that have come and were not removed from this browser. */
  readonly folders: readonly BoxFolder[]
}

interface OpenBox {
  row: BoxRow
  box: DropBox
  files: BoxFiles
  folders: readonly BoxFolder[]
  intake: BoxIntake
}

/** A page that follows each report is slower, and nobody reads it. */
const SHOW_MS = 200

export type OwnBoxes = Awaited<ReturnType<typeof openOwnBoxes>>

/** @throws DOMException, when the browser gives this page no storage */
export async function openOwnBoxes(sharing: () => Promise<Sharing>) {
  const records = await openBoxRecords()
  const boxes = new Cell<readonly ShownBox[]>([])
  /** By id. Bounded by the library. */
  const open = new Map<string, OpenBox>()
  const showing = createSoon(show)

  function show(): void {
    showing.cancel()
    boxes.set([...open.values()].map(shownBox))
  }

  async function readFolders(entry: OpenBox): Promise<void> {
    entry.folders = await entry.files.folders()
    show()
  }

  async function openBox(row: BoxRow | undefined, terms: DropTerms, asks: boolean): Promise<OpenBox> {
    const box = await (await sharing()).openBox(terms, row === undefined ? {} : { resume: row.snapshot })
    const files = await openBoxFiles(box.id)
    const entry: OpenBox = {
      row: { id: box.id, terms: box.terms, asks, snapshot: box.snapshot() },
      ...{ box, files, folders: [] },
      intake: createBoxIntake({
        saver: files,
        label: deviceLabel(navigator.userAgent),
        asks: () => entry.row.asks,
        onChange: () => showing.ask(SHOW_MS),
        onReceived: () => readFolders(entry),
        roomLeft,
        hasRoom,
      }),
    }
    await records.put(entry.row)
    open.set(box.id, entry)
    box.onChange(() => void keep(entry).catch(() => {})) // the next change tries again
    box.onSubmission((submission) => entry.intake.receive(submission))
    if (entry.intake.list().length === 0) await files.removePieces()
    await readFolders(entry)
    return entry
  }

  async function keep(entry: OpenBox): Promise<void> {
    entry.row = { ...entry.row, snapshot: entry.box.snapshot() }
    if (open.has(entry.row.id)) await records.put(entry.row)
  }

  function find(id: string): OpenBox {
    const entry = open.get(id)
    if (entry === undefined) throw new TypeError('That box is closed')
    return entry
  }

  for (const row of await records.list()) await openBox(row, row.terms, row.asks)

  return {
    boxes,
    /** @throws {MayflyError} ERR_BAD_OPTION, ERR_LIMIT @throws DOMException, when the browser stores nothing */
    async make(terms: DropTerms, asks: boolean): Promise<void> {
      await openBox(undefined, terms, asks)
      await navigator.storage?.persist?.() // a browser that is full removes what it was not asked to keep
    },
    async setAsks(id: string, asks: boolean): Promise<void> {
      const entry = find(id)
      entry.row = { ...entry.row, asks }
      if (!asks) entry.intake.takeAll()
      show()
      await keep(entry)
    },
    decide: (id: string, submission: string, takes: boolean) => find(id).intake.decide(submission, takes),
    /** Goes on with one that has failed. */
    again: (id: string, submission: string) => find(id).intake.again(submission),
    async giveUp(id: string, submission: string): Promise<void> {
      const { intake, files } = find(id)
      intake.giveUp(submission)
      if (intake.list().length > 0) return // the pieces of all lie beside one another
      await intake.settled()
      if (intake.list().length === 0) await files.removePieces()
      for (const other of open.values()) other.intake.removed()
    },
    read: (id: string, folder: string, path: string) => find(id).files.read(folder, path),
    async removeFolder(id: string, folder: string): Promise<void> {
      const entry = find(id)
      await entry.files.remove(folder)
      await readFolders(entry)
      for (const { intake } of open.values()) intake.removed()
    },
    /** Closes it for good, and removes what came through it from this browser. */
    async close(id: string): Promise<void> {
      const { box, files, intake } = find(id)
      open.delete(id)
      show()
      intake.end()
      await box.close()
      await records.remove(id)
      await intake.settled() // a file that is being written cannot be removed
      await files.removeAll()
    },
  }
}

function shownBox({ row, box, folders, intake }: OpenBox): ShownBox {
  const { id, terms, path, putPath } = box
  const unfinished = intake.folders()
  const whole = folders.filter(({ name }) => !unfinished.includes(name))
  return { id, terms, path, putPath, asks: row.asks, submissions: intake.list(), folders: whole }
}
