/** A way over one stream. */

import { createTimeout, onAbort } from '../../async/abort.ts'
import { createFrameStream, type FrameCarrier } from '../../network/index.ts'
import type { Way } from './types.ts'

/** How long a stream that was closed here may stay open at the other end, in ms. */
const HALF_OPEN_MS = 10_000

/** @param onEnd called once, when the stream is no longer in use here */
export function createStreamWay(
  stream: FrameCarrier,
  facts: Pick<Way, 'peer' | 'kind' | 'direction' | 'protocol'>,
  onEnd: () => void = () => {},
): Way {
  let isTaken = false
  let isOver = false
  const end = () => {
    if (isOver) return
    isOver = true
    onEnd()
  }
  return {
    ...facts,
    createFrames(options) {
      if (isTaken) throw new TypeError('A way is taken over once')
      isTaken = true
      return createFrameStream(stream, {
        ...options,
        onEnd(reason) {
          end()
          options.onEnd(reason)
          endAtOtherEnd(stream)
        },
      })
    },
    abort(reason) {
      stream.abort(reason)
      end()
    },
  }
}

/** An end that never closes its half would keep the stream. */
function endAtOtherEnd(stream: FrameCarrier): void {
  if (stream.status !== 'open' && stream.status !== 'closing') return
  const late = createTimeout(HALF_OPEN_MS)
  onAbort(late.signal, () => stream.abort(new Error('the other end did not close')))
  stream.addEventListener('close', late.end)
}
