/** Submissions to one drop box of this browser: each is asked for where its owner wants that, and received into the box's files. */

import { MayflyError, type Submission, type SubmissionSaver, type SubmissionState } from '../../node/index.ts'
import { sizeText } from '../text/size-text.ts'
import { Pace } from '../transfer/pace.ts'
import { createRoomWait } from './room-wait.ts'

/** One submission that is not complete. */
export interface ShownSubmission extends Pick<Submission, 'id' | 'atMs' | 'from' | 'words' | 'files'> {
  /** 'asked': the person decides. */
  state: 'asked' | SubmissionState['state']
  bytes: number
  totalBytes: number
  /** 0 while it is unknown. */
  bytesPerSecond: number
  text: string
  /** A gateway passes it on, and has read it. */
  isPushed: boolean
  /** It has failed for want of room, and goes on by itself once there is some. */
  goesOn: boolean
}

interface BoxIntakeParts {
  saver: SubmissionSaver
  /** As "Firefox on Linux", for senders. */
  label: string
  /** The person is asked for each. */
  asks(): boolean
  onChange(): void
  /** Something is whole. */
  onReceived(): Promise<void>
  /** Bytes that the browser still gives this page, as far as it says. */
  roomLeft(): Promise<number | undefined>
  /** A small file can be stored now. */
  hasRoom(): Promise<boolean>
}

interface Taking {
  submission: Submission
  shown: ShownSubmission
  pace: Pace
  /** Where it is written, once it is. */
  folder: string | undefined
  decide?: (takes: boolean) => void
  /** While it is being received. */
  isRunning: boolean
}

/** A browser that is full to the last byte stores nothing at all. */
const SPARE_BYTES = 1_048_576

export type BoxIntake = ReturnType<typeof createBoxIntake>

export function createBoxIntake({ saver, label, asks, onChange, onReceived, roomLeft, hasRoom }: BoxIntakeParts) {
  /** By id. Bounded by the box. */
  const all = new Map<string, Taking>()
  /** Submissions on their way. Bounded by `all`, and those that were given up a moment ago. */
  const running = new Set<Promise<void>>()
  const room = createRoomWait(hasRoom, () => {
    for (const { shown } of all.values()) if (shown.goesOn) again(shown.id)
  })

  function change(id: string, changes: Partial<ShownSubmission>): void {
    const taking = all.get(id)
    if (taking === undefined) return
    taking.shown = { ...taking.shown, ...changes }
    onChange()
  }

  function forget(id: string): void {
    if (all.delete(id)) onChange()
  }

  /** Notes the folder of what it saves. */
  function saverOf(taking: Taking): SubmissionSaver {
    return {
      saveShare(received, folder, options) {
        taking.folder = folder
        return saver.saveShare(received, folder, options)
      },
      saveStream(folder, path, bytes, options) {
        taking.folder = folder
        return saver.saveStream(folder, path, bytes, options)
      },
    }
  }

  function onState({ shown, pace }: Taking, { state, bytes, totalBytes, text }: SubmissionState): void {
    const before = all.get(shown.id)?.shown.bytes ?? 0
    if (bytes > before && before > 0) pace.add(bytes - before)
    const bytesPerSecond = state === 'receiving' ? pace.bytesPerSecond() : 0
    change(shown.id, { state, bytes, text, bytesPerSecond, ...(totalBytes > 0 && { totalBytes }) })
  }

  /** @throws what has failed; it can be tried again */
  function take(taking: Taking): Promise<void> {
    taking.isRunning = true
    change(taking.submission.id, { goesOn: false })
    const work = receive(taking).finally(() => {
      taking.isRunning = false
      running.delete(work)
    })
    running.add(work)
    return work
  }

  async function receive(taking: Taking): Promise<void> {
    const { submission } = taking
    try {
      await submission.receive(saverOf(taking), { label, onState: (state) => onState(taking, state) })
    } catch (error) {
      if (error instanceof MayflyError && error.code === 'ERR_NOT_STORED') {
        change(submission.id, { goesOn: true })
        room.wait()
      }
      throw error
    }
    room.found()
    all.delete(submission.id)
    await onReceived()
  }

  function again(id: string): void {
    const taking = all.get(id)
    if (taking?.shown.state === 'failed' && !taking.isRunning) take(taking).catch(() => {})
  }

  const decided = (taking: Taking) =>
    new Promise<boolean>((resolve) => {
      taking.decide = resolve
      taking.submission.withdrawn.addEventListener('abort', () => resolve(false))
    })

  return {
    list: (): readonly ShownSubmission[] => [...all.values()].map(({ shown }) => shown).sort((a, b) => b.atMs - a.atMs),
    /** Folders that are not whole. */
    folders: (): readonly (string | undefined)[] => [...all.values()].map(({ folder }) => folder),
    /** Resolves as the box expects it: when a share is taken, and when a pushed file is stored. @throws {MayflyError} its refusal */
    async receive(submission: Submission): Promise<void> {
      const { id, atMs, from, words, files, pushed, withdrawn, isResumed } = submission
      const totalBytes = files.reduce((sum, { size }) => sum + size, 0)
      if (!isResumed) mustFit(totalBytes, await roomLeft())
      withdrawn.throwIfAborted() // its sender has left meanwhile
      const progress = { totalBytes, bytes: 0, bytesPerSecond: 0, text: '', goesOn: false }
      const facts = { id, atMs, from, words, files, isPushed: pushed !== undefined, ...progress }
      const isAsked = asks() && !isResumed
      const taking: Taking = {
        submission,
        shown: { ...facts, state: isAsked ? 'asked' : 'waiting' },
        pace: new Pace(),
        ...{ folder: undefined, isRunning: false },
      }
      all.set(id, taking)
      withdrawn.addEventListener('abort', () => forget(id))
      onChange()
      if (isAsked && !(await decided(taking))) {
        forget(id)
        throw new MayflyError('ERR_REFUSED', 'The owner of this box does not take it')
      }
      if (pushed === undefined) return void take(taking).catch(() => {}) // its state says why, and it can be tried again
      try {
        await take(taking)
      } catch (error) {
        forget(id) // its sender is told, and has to send it again
        throw error
      }
    },
    decide: (id: string, takes: boolean) => all.get(id)?.decide?.(takes),
    /** The person is asked no more. */
    takeAll(): void {
      for (const { decide } of all.values()) decide?.(true)
    },
    /** Nothing more of it is taken; of one that is over, it is shown no more. */
    giveUp(id: string): void {
      all.get(id)?.submission.giveUp()
      forget(id)
    },
    /** Goes on with one that has failed. */
    again,
    /** Something was removed from this browser: there may be room. */
    removed: room.removed,
    /** Resolves when nothing is written any more of what was given up, or of a box that is closed. */
    async settled(): Promise<void> {
      await Promise.allSettled(running)
    },
    end: room.end,
  }
}

/** @throws {MayflyError} ERR_NOT_STORED, which the sender reads before anything has travelled */
function mustFit(bytes: number, room: number | undefined): void {
  if (room === undefined || bytes + SPARE_BYTES <= room) return
  const has = sizeText(Math.max(0, room - SPARE_BYTES))
  throw new MayflyError('ERR_NOT_STORED', `The receiving browser has room for ${has} only, and this has ${sizeText(bytes)}`)
}
