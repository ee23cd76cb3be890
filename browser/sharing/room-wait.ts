/**
 * Tries again by itself what has found no room in this browser's storage: soon at first, then more and more rarely, and at once when something was
 * removed here. A browser does not say how much room is left: Chromium's estimate is always some GiB above what is used.
 */

import { createSoon } from '../../node/async/soon.ts'

const FIRST_MS = 5_000
const MAX_MS = 60_000

/** @param hasRoom as far as a small file can tell @param goOn with all that waits */
export function createRoomWait(hasRoom: () => Promise<boolean>, goOn: () => void) {
  let delayMs = FIRST_MS
  const looking = createSoon(() => void look())

  async function look(): Promise<void> {
    if (await hasRoom()) goOn()
    else wait()
  }

  function wait(): void {
    looking.ask(delayMs)
    delayMs = Math.min(delayMs * 2, MAX_MS)
  }

  return {
    /** Something has found no room. */
    wait,
    /** Something was removed here. */
    removed(): void {
      delayMs = FIRST_MS
      if (looking.cancel()) goOn()
    },
    /** Something has found room. */
    found(): void {
      delayMs = FIRST_MS
    },
    end: () => void looking.cancel(),
  }
}
