/** The sharer's end of a first stage: a visitor whom a gateway passes on agrees on keys, and becomes a receiver as any other. */

import { createTimeout, onAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Way } from '../../people/index.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import { encodeFirstKey, type FirstKeys } from './first-keys.ts'
import { decodePipeFrame, encodePipeFrame, MAX_PIPE_FRAME_BYTES, type PipeFrame, type PipeRefusal } from './pipe-frames.ts'
import { createRecordWay, type MessageCarrier, type RecordWay } from './record-way.ts'
import { decodeFirstKey, openFirstSession } from './session.ts'

export const PIPE_SERVER_LIMITS = {
  /** How long a visitor may take until its first record is here, in ms. */
  helloMs: 10_000,
  /** How long a first stage may last, in ms: by then a receiver has its own peer. */
  maxMs: 60_000,
  /** Bytes that may wait for the visitor: a page of the list, a piece and some answers. */
  maxUnsentBytes: 4_194_304,
} as const

interface PipeServerContext {
  /** Undefined for a share that is not here, or has none to give. */
  linkOf(id: Uint8Array): LinkSecrets | undefined
  /** The visitor did not know the secret. */
  onWrong(gateway: string): void
  takeKeys(): Promise<FirstKeys>
  /** False while too many of this gateway's visitors were wrong. */
  mayTry(gateway: string): boolean
  /** @param self the name of this end in proofs */
  onVisitor(way: RecordWay, self: string, gateway: string): void
}

/** Takes the way over, at once. */
export function servePipe(way: Way, { linkOf, onWrong, takeKeys, mayTry, onVisitor }: PipeServerContext): void {
  const late = createTimeout(PIPE_SERVER_LIMITS.helloMs)
  const over = createTimeout(PIPE_SERVER_LIMITS.maxMs)
  let link: LinkSecrets | undefined
  let keys: Promise<FirstKeys> | undefined
  let takeMessage = takeKey
  let endVisit: (reason: Error | undefined) => void = () => {}
  /** Messages that came while the one before was being handled. Bounded: reading stops at the first. */
  let handling = Promise.resolve()

  const frames = way.createFrames({
    maxFrameBytes: MAX_PIPE_FRAME_BYTES,
    maxUnsentBytes: PIPE_SERVER_LIMITS.maxUnsentBytes,
    onFrame: (frame) => take(decodePipeFrame(frame)),
    onEnd(reason) {
      late.end()
      over.end()
      endVisit(reason)
    },
  })
  const send = (frame: PipeFrame) => frames.send(encodePipeFrame(frame))
  const giveNoMore = () => refuse('over')
  for (const { signal } of [late, over]) onAbort(signal, giveNoMore)

  function refuse(reason: PipeRefusal): void {
    send({ type: 'refuse', reason })
    frames.close()
  }

  function take(frame: PipeFrame): void {
    if (frame.type === 'open' && link === undefined) return void open(frame.id)
    if (frame.type !== 'data' || link === undefined) throw new MayflyError('ERR_BAD_FRAME', `A ${frame.type} frame is out of place`)
    const message = new Uint8Array(frame.bytes)
    frames.pause()
    handling = handling.then(() => takeMessage(message)).then(frames.resume, giveNoMore)
  }

  function open(id: Uint8Array): void {
    link = linkOf(id)
    if (link === undefined) return void refuse('unknown')
    if (!mayTry(way.peer)) return void refuse('busy')
    keys = takeKeys()
    keys.then((own) => {
      send({ type: 'opened' })
      send({ type: 'data', bytes: encodeFirstKey(own) })
    }, giveNoMore)
  }

  async function takeKey(message: Uint8Array): Promise<void> {
    if (link === undefined || keys === undefined) throw new TypeError('a visitor without a share')
    const session = await openFirstSession('sharer', await keys, decodeFirstKey(message), link)
    let isProven = false
    const carrier: MessageCarrier = {
      unsentBytes: 0, // the stream bounds what waits
      send: (bytes) => send({ type: 'data', bytes }),
      writable: () => frames.writable(),
      onMessage(listener) {
        takeMessage = async (record) => {
          await listener(record)
          if (!isProven && frames.open) {
            isProven = true
            late.end()
          }
        }
      },
      onEnd(listener) {
        endVisit = listener
      },
      close: giveNoMore,
      abort(reason) {
        // A stream that ends without a refusal tells the gateway that the sharer has gone.
        if (isProven && reason instanceof MayflyError && reason.code === 'ERR_LEFT') frames.abort(reason)
        else refuse(isProven ? 'over' : 'wrong')
      },
    }
    onVisitor(
      createRecordWay(carrier, session, 'inbound', session.ends.visitor, () => onWrong(way.peer)),
      session.ends.owner,
      way.peer,
    )
  }
}
