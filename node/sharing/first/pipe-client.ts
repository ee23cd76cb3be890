/** The gateway's end of a first stage: finds the sharer of a share, and passes a visitor's messages on to it. It can read none of them. */

import { MayflyError } from '../../errors.ts'
import type { Ways } from '../../people/index.ts'
import type { Holder, Rendezvous } from '../../rendezvous/types.ts'
import { decodePipeFrame, encodePipeFrame, FIRST_PROTOCOL, MAX_PIPE_FRAME_BYTES, type PipeFrame, type PipeRefusal } from './pipe-frames.ts'
import { awaitSharer } from './sharer-answer.ts'
import type { VisitListener, VisitPipe } from './visit.ts'

export const PIPE_CLIENT_LIMITS = {
  /** Holders of a share's id that are asked: others may hold it, too. */
  maxHolders: 4,
  /** How long one of them may take to answer, in ms. */
  answerMs: 5_000,
  /** Bytes that may wait for the sharer. */
  maxUnsentBytes: 1_048_576,
} as const

interface PipeClientContext {
  ways: Pick<Ways, 'open'>
  rendezvous: Pick<Rendezvous, 'find'>
}

/**
 * @throws {MayflyError} ERR_UNAVAILABLE: nobody who has it takes visitors this way
 * @throws signal.reason, when aborted
 */
export async function openPipe(
  { ways, rendezvous }: PipeClientContext,
  id: Uint8Array,
  listener: VisitListener,
  signal: AbortSignal,
): Promise<VisitPipe> {
  let asked = 0
  for await (const holder of rendezvous.find(id, { signal })) {
    if (asked++ >= PIPE_CLIENT_LIMITS.maxHolders) break
    try {
      return await openTo(ways, holder, id, listener, signal)
    } catch {
      signal.throwIfAborted() // else somebody else holds it, or a sharer of a version without first stages: the next one
    }
  }
  throw new MayflyError('ERR_UNAVAILABLE', 'Nobody who has this share takes visitors this way')
}

async function openTo(
  ways: Pick<Ways, 'open'>,
  { peer, home, addresses }: Holder,
  id: Uint8Array,
  listener: VisitListener,
  signal: AbortSignal,
): Promise<VisitPipe> {
  const way = await ways.open({ peer, home, addresses }, FIRST_PROTOCOL, { signal, timeoutMs: PIPE_CLIENT_LIMITS.answerMs })
  const opened = Promise.withResolvers<void>()
  opened.promise.catch(() => {})
  let isOpened = false
  let refusal: PipeRefusal | undefined
  const frames = way.createFrames({
    maxFrameBytes: MAX_PIPE_FRAME_BYTES,
    maxUnsentBytes: PIPE_CLIENT_LIMITS.maxUnsentBytes,
    onFrame: (frame) => take(decodePipeFrame(frame)),
    onEnd(reason) {
      opened.reject(reason ?? new MayflyError('ERR_LEFT', 'The sharer has gone'))
      if (isOpened) listener.onEnd(refusal ?? 'left')
    },
  })

  function take(frame: PipeFrame): void {
    if (frame.type === 'opened' && !isOpened) {
      isOpened = true
      opened.resolve()
    } else if (frame.type === 'refuse') {
      refusal = frame.reason
      opened.reject(new MayflyError('ERR_UNAVAILABLE', `The sharer takes no visitor this way: ${frame.reason}`))
    } else if (frame.type === 'data' && isOpened) listener.onMessage(frame.bytes)
    else throw new MayflyError('ERR_BAD_FRAME', `A ${frame.type} frame of a first stage is out of place`)
  }

  await awaitSharer(frames, encodePipeFrame({ type: 'open', id }), opened.promise, { signal, timeoutMs: PIPE_CLIENT_LIMITS.answerMs })
  return {
    send: (bytes) => frames.send(encodePipeFrame({ type: 'data', bytes })),
    writable: () => frames.writable(),
    pause: frames.pause,
    resume: frames.resume,
    close: frames.close,
  }
}
