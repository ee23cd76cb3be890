/** Turns of the event loop: what comes about in one of them is often cheaper done together. */

/**
 * Does the work when this turn has ended, in Node.js. A tab has no turns that one could wait for (its shortest timer takes milliseconds, in the
 * background a second): there, when what runs now has ended.
 */
export const whenTurnEnds: (work: () => void) => void = globalThis.setImmediate ?? globalThis.queueMicrotask
