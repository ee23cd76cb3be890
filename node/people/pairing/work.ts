/** The work before a guess: a number is looked for whose hash begins with zeros, so that guessing at the codes of others costs something. */

import { inNextTurn } from '../../async/turn.ts'
import type { AbortOptions } from '../../types.ts'
import { isWorkDone, workOf } from '../format/pairing-keys.ts'

/** How long one turn of the event loop is worked, in ms. */
const SLICE_MS = 8

/** @throws signal.reason, when aborted */
export async function findWork(subject: Uint8Array, bits: number, { signal }: AbortOptions = {}): Promise<Uint8Array> {
  let counter = 0
  for (;;) {
    signal?.throwIfAborted()
    for (const endMs = performance.now() + SLICE_MS; performance.now() < endMs; ) {
      for (let i = 0; i < 64; i++) {
        const work = workOf(counter++)
        if (isWorkDone(subject, bits, work)) return work
      }
    }
    await new Promise<void>(inNextTurn)
  }
}
