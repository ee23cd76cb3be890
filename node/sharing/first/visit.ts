/** The messages of a visitor of a gateway, and those for it. */

/** Hears the sharer, for a visitor of a gateway. */
export interface VisitListener {
  onMessage(message: Uint8Array): void
  /** Called once. 'wrong': the visitor does not know the share's secret. 'over': the sharer gives no more this way. 'left': it has gone. */
  onEnd(reason: 'unknown' | 'busy' | 'wrong' | 'over' | 'left'): void
}

/** Messages of a visitor on their way to a sharer. */
export interface VisitPipe {
  /** False when it has ended. */
  send(message: Uint8Array): boolean
  /** Resolves when there is room to send more; false when it has ended. */
  writable(): Promise<boolean>
  /** The sharer waits until `resume`. */
  pause(): void
  resume(): void
  close(): void
}
