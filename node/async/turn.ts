/** Turns of the event loop: what comes about in one of them is often cheaper done together. */

/**
 * Does the work when this turn has ended, in Node.js. A tab has no turns that one could wait for (its shortest timer takes milliseconds, in the
 * background a second): there, when what runs now has ended.
 */
export const whenTurnEnds: (work: () => void) => void = globalThis.setImmediate ?? globalThis.queueMicrotask

/** Does the work in the next turn, after what waits in this one: in a tab by a message to itself, since its timers are slowed in the background. */
export const inNextTurn: (work: () => void) => void = globalThis.setImmediate ?? sendToSelf

function sendToSelf(work: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    work()
  }
  port2.postMessage(undefined)
}
