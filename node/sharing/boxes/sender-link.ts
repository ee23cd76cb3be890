/** One connection of a sender to this peer's boxes: the hello that opens one of them, then offers, or one pushed file. */

import { createTimeout, inTime, onAbort, raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { CreateHasher } from '../../keys/index.ts'
import type { Way } from '../../people/index.ts'
import type { DropRefusal } from '../types.ts'
import { mostOfOneFile, tooLarge } from './admission.ts'
import type { Box } from './box.ts'
import {
  type DropFrame,
  decodeDropFrame,
  encodeDropFrame,
  type HelloRefusal,
  MAX_FRAME_BYTES,
  type PutFrame,
  SUBMISSION_ID_BYTES,
} from './drop-frames.ts'
import type { Sender } from './known-submissions.ts'
import { createPushIntake, type PushIntake } from './push-intake.ts'
import { outOfPlace, refusalError, refusalOf } from './refusal.ts'

export const SENDER_LIMITS = {
  /** How long a sender may take to say hello, in ms. */
  helloMs: 10_000,
  /** How long the owner may take to decide on a pushed file, in ms: proxies give up on its sender after 50 or 60 s. */
  decideMs: 45_000,
  /** How long a pushed file may bring nothing, in ms. */
  stallMs: 30_000,
} as const

const MAX_UNSENT_BYTES = 1_048_576
const SILENT: DropRefusal = { code: 'silent', text: 'The owner of this box was asked, and has not answered. Try again later' }
const TOO_MANY: DropRefusal = { code: 'busy', text: 'Too many files are sent to this box by gateways at once. Try again in a minute' }
const PUSH_ID = new Uint8Array(SUBMISSION_ID_BYTES)

export interface OpenedHello {
  box: Box
  welcome: Extract<DropFrame, { type: 'welcome' }>
}

export interface SenderLinkContext {
  /** Judges a hello. */
  open(peer: string, hello: Extract<DropFrame, { type: 'hello' }>): OpenedHello | HelloRefusal
  /** A place for a pushed file; undefined when there is none. */
  enterPush(peer: string): (() => void) | undefined
  createHasher: CreateHasher
  randomBytes(length: number): Uint8Array
}

/** Takes the way over, at once. */
export function serveSender(way: Way, { open, enterPush, createHasher, randomBytes }: SenderLinkContext): void {
  let box: Box | undefined
  let intake: PushIntake | undefined
  const late = createTimeout(SENDER_LIMITS.helloMs)

  const frames = way.createFrames({
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: (frame) => take(decodeDropFrame(frame)),
    onEnd() {
      late.end()
      intake?.fail(new MayflyError('ERR_LEFT', 'Its sender left before it was complete'))
    },
  })
  const send = (frame: DropFrame) => void frames.send(encodeDropFrame(frame))
  onAbort(late.signal, () => frames.abort(new MayflyError('ERR_TIMEOUT', 'No hello came')))

  const sender: Sender = {
    peer: way.peer,
    get isOpen() {
      return frames.open
    },
    asked: (submission) => send({ type: 'asked', submission }),
    accepted: (submission) => send({ type: 'accepted', submission }),
    refused: (submission, refusal) => send({ type: 'refused', submission, refusal }),
    news: (submission, news) => send({ type: 'news', submission, news }),
  }

  function greet(hello: DropFrame): void {
    if (hello.type !== 'hello') throw outOfPlace(hello)
    late.end()
    const opened = open(way.peer, hello)
    if (typeof opened === 'string') {
      send({ type: 'refuse', refusal: opened })
      return void frames.close()
    }
    box = opened.box
    send(opened.welcome)
  }

  function take(frame: DropFrame): void {
    if (box === undefined) return void greet(frame)
    if (intake !== undefined) return void takeOfPush(frame, intake)
    if (frame.type === 'offer') return void box.offer(sender, frame)
    if (frame.type !== 'put') throw outOfPlace(frame)
    const refusal = box.refusePut(way.peer, frame)
    const leave = refusal === undefined ? enterPush(way.peer) : undefined
    if (leave === undefined) return void sender.refused(PUSH_ID, refusal ?? TOO_MANY)
    void takePush(box, frame).finally(leave)
  }

  function takeOfPush(frame: DropFrame, { take: takeBytes, finish }: PushIntake): void {
    if (frame.type === 'data') takeBytes(frame.bytes)
    else if (frame.type === 'end') finish(frame.sha256)
    else throw outOfPlace(frame)
  }

  /** The bytes are asked for when the owner begins to read them; the file is told to be stored when the owner has stored it. */
  async function takePush(to: Box, put: PutFrame): Promise<void> {
    const maxBytes = mostOfOneFile(to.terms)
    const begun = Promise.withResolvers<void>()
    intake = createPushIntake({
      size: put.size,
      maxBytes,
      tooLarge: (bytes) => refusalError(tooLarge(put.path, bytes, maxBytes)),
      createHasher,
      stallMs: SENDER_LIMITS.stallMs,
      pause: frames.pause,
      resume: frames.resume,
      onBegin() {
        begun.resolve()
        sender.accepted(PUSH_ID)
      },
    })
    const { fail } = intake
    try {
      const stored = to.takePushed(randomBytes(SUBMISSION_ID_BYTES), put, intake.bytes)
      await inTime(Promise.race([begun.promise, stored]), SENDER_LIMITS.decideMs)
      begun.resolve()
      if (!intake.hasBegun) throw refusalError(SILENT)
      await raceAbort(stored, undefined)
      const { result } = intake
      if (result === undefined) throw new MayflyError('ERR_DAMAGED', 'It was not read to its end there')
      send({ type: 'stored', ...result })
    } catch (error) {
      fail(error as Error)
      sender.refused(PUSH_ID, refusalOf(intake.failure ?? error))
    } finally {
      frames.close()
    }
  }
}
