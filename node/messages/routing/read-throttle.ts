/** Read throttle of an inbound stream: while it is not read, flow control makes its sender wait. */

export interface ReadThrottle {
  /** A message was refused for its peer's rate: after MAX_REFUSED in a row the stream is not read for UNREAD_MS. */
  onRefused(): void
  /** A message was within the rate. */
  onAccepted(): void
  /** @param fullness the part of its waiting room that the stream fills, from 0 to 1 */
  onFullness(fullness: number): void
  end(): void
}

const MAX_REFUSED = 64
const UNREAD_MS = 1_000
/** Part of its waiting room that a stream may fill before it is not read; reading goes on at half of that. */
const CROWDED = 1 / 8

export function createReadThrottle(stream: { readonly isOpen: boolean; setReading(isReading: boolean): void }): ReadThrottle {
  let refusedInRow = 0
  let isCrowded = false
  let resuming: ReturnType<typeof setTimeout> | undefined

  const update = () => stream.setReading(!isCrowded && resuming === undefined)

  return {
    onRefused() {
      if (++refusedInRow < MAX_REFUSED || resuming !== undefined || !stream.isOpen) return
      resuming = setTimeout(() => {
        refusedInRow = 0
        resuming = undefined
        update()
      }, UNREAD_MS)
      update()
    },
    onAccepted() {
      refusedInRow = 0
    },
    onFullness(fullness) {
      const was = isCrowded
      isCrowded = fullness > CROWDED / 2 && (isCrowded || fullness >= CROWDED)
      if (isCrowded !== was) update()
    },
    end: () => clearTimeout(resuming),
  }
}
