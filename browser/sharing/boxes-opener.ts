/** Opens the drop boxes of this browser in one of its tabs, with code that is loaded after the first paint. */

import type { Sharing } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import type { OwnBoxes } from './own-boxes.ts'

/** Set in `localStorage` once this browser has a drop box, so that a tab without one loads nothing for it. */
const MARK = 'mayfly-boxes'
const LOCK = 'mayfly-boxes'

export class BoxesOpener {
  readonly boxes = new Cell<OwnBoxes | undefined>(undefined)
  /** True while another tab of this browser has them open. */
  readonly isElsewhere = new Cell(false)
  /** Why this browser cannot have one. */
  readonly problem = new Cell<unknown>(undefined)
  readonly #sharing: () => Promise<Sharing>
  #opening: Promise<void> | undefined

  constructor(sharing: () => Promise<Sharing>) {
    this.#sharing = sharing
  }

  /** Opens those that are kept here; `create` prepares for the first one. They move here when the tab that has them is closed. */
  open({ create }: { create: boolean }): Promise<void> {
    if (!create && !hasMark()) return Promise.resolve()
    this.#opening ??= this.#open()
    return this.#opening
  }

  /** This browser has a box, which each of its tabs looks after from now on. */
  mark(): void {
    try {
      localStorage.setItem(MARK, 'yes')
    } catch {
      // A browser without storage: its boxes are opened on the page that shows them.
    }
  }

  async #open(): Promise<void> {
    if (navigator.locks === undefined) {
      this.problem.set(new DOMException('The browser gives this page no storage', 'SecurityError'))
      return
    }
    if (!(await canStoreFiles())) {
      this.problem.set(new DOMException('The browser has no private file system', 'NotSupportedError'))
      return
    }
    if (await this.#hold({ ifAvailable: true })) return
    this.isElsewhere.set(true)
    void this.#hold({}).then(() => this.isElsewhere.set(false))
  }

  /** Resolves when they are open, or cannot be; then the lock is given back. False when another tab has it. */
  #hold(options: LockOptions): Promise<boolean> {
    return new Promise((resolve) => {
      const work = async (lock: Lock | null): Promise<void> => {
        if (lock === null) return resolve(false)
        try {
          const { openOwnBoxes } = await import('./own-boxes.ts')
          this.boxes.set(await openOwnBoxes(this.#sharing))
          this.problem.set(undefined)
          resolve(true)
          await new Promise<never>(() => {}) // until the tab is closed
        } catch (problem) {
          this.problem.set(problem)
          this.#opening = undefined // the next call tries again
          resolve(true)
        }
      }
      navigator.locks.request(LOCK, options, work).catch((problem: unknown) => {
        this.problem.set(problem)
        resolve(true)
      })
    })
  }
}

/** False in WebKitGTK, in Firefox's private windows, and where files cannot be written as a stream. */
async function canStoreFiles(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory()
    return 'createWritable' in FileSystemFileHandle.prototype
  } catch {
    return false
  }
}

function hasMark(): boolean {
  try {
    return localStorage.getItem(MARK) !== null
  } catch {
    return false
  }
}
