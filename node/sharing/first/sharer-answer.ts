/** The wait for a sharer's first answer on a way: each way to one begins so, that of a receiver and that of a gateway for its visitor. */

import { createTimeout, onAbort, raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Frame, FrameStream } from '../../network/index.ts'

/**
 * Sends the first frame, and resolves with the answer. The way is ended where none comes.
 *
 * @param first undefined: it was sent before
 * @throws {MayflyError} ERR_TIMEOUT after `timeoutMs`, by the end of the way, which rejects `answered`
 * @throws signal.reason, when aborted first
 */
export async function awaitSharer(
  frames: Pick<FrameStream, 'send' | 'abort'>,
  first: Frame | undefined,
  answered: Promise<void>,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): Promise<void> {
  const late = createTimeout(timeoutMs)
  const endListening = onAbort(late.signal, () => frames.abort(new MayflyError('ERR_TIMEOUT', 'The sharer did not answer')))
  try {
    if (first !== undefined) frames.send(first)
    await raceAbort(answered, signal)
  } catch (error) {
    frames.abort(error as Error)
    throw error
  } finally {
    endListening()
    late.end()
  }
}
