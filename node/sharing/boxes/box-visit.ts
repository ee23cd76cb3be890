/** A visit to somebody's drop box: finds who holds its key, has them prove it, then offers shares or pushes one file. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createTimeout, onAbort, raceAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { CreateHasher } from '../../keys/index.ts'
import { encodeFrame } from '../../network/index.ts'
import type { Way, Ways } from '../../people/index.ts'
import type { Holder, Rendezvous } from '../../rendezvous/types.ts'
import type { AbortOptions } from '../../types.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import type { DropNews, DropOffer, DropTerms, OfferOptions, OpenedBox, PushedFile, PushOptions, Share } from '../types.ts'
import { refuseOffer } from './admission.ts'
import {
  type DropFrame,
  decodeDropFrame,
  encodeDropFrame,
  type HelloRefusal,
  MAX_DATA_BYTES,
  MAX_FRAME_BYTES,
  SUBMISSION_ID_BYTES,
} from './drop-frames.ts'
import { outOfPlace, refusalError } from './refusal.ts'

export const VISIT_LIMITS = {
  /** Holders of a box's key that are asked: others may hold it, too. */
  maxHolders: 8,
  /** How long one of them may take to prove that it is the box, in ms. */
  welcomeMs: 10_000,
} as const

/** Unsent bytes beyond which a box counts as stuck: `writable` holds back a push long before. */
const MAX_UNSENT_BYTES = 8_388_608

export const DROP_PROTOCOL = '/mayfly/drop/1.0.0'

export interface VisitContext {
  /** This peer's id in text form. */
  self: string
  ways: Pick<Ways, 'open'>
  rendezvous: Pick<Rendezvous, 'find'>
  now(): number
  randomBytes(length: number): Uint8Array
  createHasher: CreateHasher
  shareOf(path: string): LinkSecrets
}

/** The box's key and secret, as its link has them, and what they prove. */
export interface VisitedBox {
  /** In text form. */
  id: string
  key: Uint8Array
  prove(from: string, to: string): Uint8Array
  isWelcome(welcome: Extract<DropFrame, { type: 'welcome' }>, from: string, to: string): boolean
}

const HELLO_ERRORS: Readonly<Record<HelloRefusal, () => MayflyError>> = {
  wrong: () => new MayflyError('ERR_SHARE_WRONG', 'The link is not that of this box: it may be cut or mistyped. Ask for it again'),
  over: () => new MayflyError('ERR_SHARE_ENDED', 'This box is closed: it takes nothing any more'),
  busy: () => new MayflyError('ERR_LIMIT', 'Too many are at this box. Try again in a minute'),
}

/** Of the answers of several holders the first of these is told. */
const TELLING = ['ERR_SHARE_ENDED', 'ERR_LIMIT', 'ERR_SHARE_WRONG']

/** @throws {MayflyError} ERR_UNAVAILABLE: nobody is there; ERR_SHARE_WRONG, ERR_SHARE_ENDED, ERR_LIMIT */
export async function visit(context: VisitContext, box: VisitedBox, { signal }: AbortOptions = {}): Promise<OpenedBox> {
  const { rendezvous, ways } = context
  const errors: MayflyError[] = []
  let asked = 0
  for await (const holder of rendezvous.find(box.key, signal === undefined ? {} : { signal })) {
    if (asked++ >= VISIT_LIMITS.maxHolders) break
    try {
      const way = await ways.open(targetOf(holder), DROP_PROTOCOL, { prefer: 'socket', ...(signal && { signal }) })
      return await enter(context, box, way, signal)
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof MayflyError)) throw error
      errors.push(error)
    }
  }
  const telling = TELLING.map((code) => errors.find((error) => error.code === code)).find((error) => error !== undefined)
  throw (
    telling ?? new MayflyError('ERR_UNAVAILABLE', 'Nobody is at this box now: it is open while its owner has it open', { cause: errors[0] })
  )
}

const targetOf = ({ peer, home, addresses }: Holder) => ({ peer, home, addresses })

/** Says hello, and waits for the box's proof: nothing else is said before. */
async function enter(context: VisitContext, box: VisitedBox, way: Way, signal: AbortSignal | undefined): Promise<OpenedBox> {
  const { self } = context
  const late = createTimeout(VISIT_LIMITS.welcomeMs)
  const welcomed = Promise.withResolvers<DropTerms>()
  const link = createBoxLink(context, way, (frame) => {
    if (frame.type === 'refuse') welcomed.reject(HELLO_ERRORS[frame.refusal]())
    else if (frame.type === 'welcome' && box.isWelcome(frame, way.peer, self)) welcomed.resolve(frame.terms)
    else welcomed.reject(new MayflyError('ERR_FORGED', 'Somebody answered who is not this box'))
  })
  link.closed.then((reason) => welcomed.reject(new MayflyError('ERR_LEFT', 'The box has gone', { cause: reason })))
  link.send({ type: 'hello', box: box.key, proof: box.prove(self, way.peer) })
  try {
    const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
    return link.open(box.id, await raceAbort(welcomed.promise, either))
  } catch (error) {
    link.close()
    signal?.throwIfAborted()
    throw late.signal.aborted ? new MayflyError('ERR_UNAVAILABLE', 'The box did not answer', { cause: error }) : error
  } finally {
    late.end()
  }
}

interface Undecided {
  settled: PromiseWithResolvers<void>
  onAsked: (() => void) | undefined
}

/** @param onFirst the first frame */
function createBoxLink(context: VisitContext, way: Way, onFirst: (frame: DropFrame) => void) {
  const { now, randomBytes, createHasher } = context
  let isOpen = false
  let isOwnEnd = false
  const closed = Promise.withResolvers<Error | undefined>()
  const listeners = new Set<(submission: string, news: DropNews) => void>()
  /** By id in hex. Bounded by this peer's own offers. */
  const undecided = new Map<string, Undecided>()
  const stored = Promise.withResolvers<{ sha256: string; size: number }>()
  stored.promise.catch(() => {})

  const frames = way.createFrames({
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: false, // a corked stream has room until its turn ends, for a whole file
    onFrame: (raw) => take(decodeDropFrame(raw)),
    onEnd(reason) {
      closed.resolve(isOwnEnd ? undefined : (reason ?? new MayflyError('ERR_LEFT', 'The box has gone')))
      const left = new MayflyError(
        'ERR_LEFT',
        'The owner of this box has gone; what they have not received yet waits until they are back',
        { cause: reason },
      )
      for (const { settled } of undecided.values()) settled.reject(left)
      stored.reject(left)
    },
  })
  const send = (frame: DropFrame) => frames.send(encodeDropFrame(frame))

  function take(frame: DropFrame): void {
    if (!isOpen) return void onFirst(frame)
    if (frame.type === 'stored') return void stored.resolve({ sha256: bytesToHex(frame.sha256), size: frame.size })
    if (frame.type === 'news') {
      for (const listener of [...listeners]) listener(bytesToHex(frame.submission), frame.news)
      return
    }
    if (frame.type === 'refused') {
      undecided.get(bytesToHex(frame.submission))?.settled.reject(refusalError(frame.refusal))
      return void stored.reject(refusalError(frame.refusal))
    }
    if (frame.type !== 'asked' && frame.type !== 'accepted') throw outOfPlace(frame)
    const waiting = undecided.get(bytesToHex(frame.submission))
    if (frame.type === 'asked') waiting?.onAsked?.()
    else waiting?.settled.resolve()
  }

  /** Resolves when the box has taken it. */
  async function decided(id: Uint8Array, frame: DropFrame, { signal, onAsked }: Pick<OfferOptions, 'signal' | 'onAsked'>): Promise<void> {
    const hex = bytesToHex(id)
    const settled = Promise.withResolvers<void>()
    undecided.set(hex, { settled, onAsked })
    try {
      if (!send(frame)) throw new MayflyError('ERR_LEFT', 'The box has gone')
      await raceAbort(settled.promise, signal)
    } finally {
      undecided.delete(hex)
    }
  }

  async function offer(terms: DropTerms, share: Share | undefined, given: DropOffer, options: OfferOptions): Promise<void> {
    const { id = randomBytes(SUBMISSION_ID_BYTES), ...rest } = options
    const { untilMs: _, ...lasting } = terms // the box takes again what it took in time
    const refusal = refuseOffer(lasting, given, now())
    if (refusal !== undefined) throw refusalError(refusal)
    const { from, words, files } = given
    const frame: DropFrame = { type: 'offer', submission: id, share: share && context.shareOf(share.path), from, words, files }
    if (encodedBytes(frame) > MAX_FRAME_BYTES)
      throw refusalError({ code: 'count', text: 'The names of the files are too long together. Pack the files into one' })
    await decided(id, frame, rest)
  }

  async function push(terms: DropTerms, file: PushedFile, { signal, onTaken }: PushOptions): Promise<{ sha256: string; size: number }> {
    const { path, size, mediaType = '', from = '', words = '', bytes } = file
    const refusal = refuseOffer(terms, { from, words, files: [{ path, size, mediaType }] }, now())
    if (refusal !== undefined) throw refusalError(refusal)
    const over = onAbort(signal, () => frames.abort(new MayflyError('ERR_LEFT', 'The sender has left')))
    try {
      await decided(new Uint8Array(SUBMISSION_ID_BYTES), { type: 'put', path, size, mediaType, from, words }, signal ? { signal } : {})
      onTaken?.()
      const hasher = createHasher()
      for await (const chunk of bytes) {
        await hasher.update(chunk)
        for (let at = 0; at < chunk.byteLength; at += MAX_DATA_BYTES) {
          if (!send({ type: 'data', bytes: chunk.subarray(at, at + MAX_DATA_BYTES) })) break
          if (!(await frames.writable(signal ? { signal } : {}))) break
        }
        if (!frames.open) break // a refusal, or the end, is told below
      }
      send({ type: 'end', sha256: await hasher.digest() })
      return await raceAbort(stored.promise, signal)
    } catch (error) {
      frames.abort(new MayflyError('ERR_LEFT', 'The sender has left'))
      throw error
    } finally {
      over()
    }
  }

  const close = () => {
    isOwnEnd = true
    frames.close()
  }

  return {
    send,
    close,
    closed: closed.promise,
    /** The box has proven itself. */
    open(id: string, terms: DropTerms): OpenedBox {
      isOpen = true
      return {
        id,
        terms,
        closed: closed.promise,
        close,
        judge: (offer) => refuseOffer(terms, offer, now()),
        offer: (share, given, options = {}) => offer(terms, share, given, options),
        push: (file, options = {}) => push(terms, file, options),
        onNews(listener) {
          const own = (submission: string, news: DropNews) => listener(submission, news)
          listeners.add(own)
          return () => listeners.delete(own)
        },
      }
    },
  }
}

const encodedBytes = (frame: DropFrame): number => encodeFrame(encodeDropFrame(frame)).byteLength
