/**
 * Numbered requests over one stream. Each request gets a number that is new on this stream; replies carry it back, in whatever order. A
 * request ends when it is forgotten, when no reply has come for too long, or with the stream. It is pure bookkeeping: the protocol encodes
 * the frames, sends them, and hands the decoded replies in.
 *
 * One reply to each request: `const reply = await requests.request((id) => frames.send(…id…), { signal })`.
 * Several replies, or something to do when the caller leaves: `begin` and `forget`, for instance within `abortable`:
 *
 * ```ts
 * abortable(signal, (resolve) => {
 *   const id = requests.begin((id) => frames.send(encode({ type: 'ask', id })), (reply) => { … resolve(whole) … })
 *   return () => requests.forget(id) && frames.send(encode({ type: 'cancel', id })) // still open: the caller has left
 * })
 * ```
 */

import { abortable } from '../async/abort.ts'
import type { AbortOptions } from '../types.ts'

export interface RequestsOptions<Reply> {
  /** The reply of each request that is open when the stream ends, and of one that could not be sent. */
  ended: Reply
  /** A request is given up when so much time has passed since it was sent, in ms; never when left out. */
  timeoutMs?: number
  /** The reply of a request that was given up; `ended` when left out. */
  timedOut?: Reply
  /** Clock for `timeoutMs`, in ms; any origin. */
  now?(): number
}

interface OpenRequest<Reply> {
  sentAtMs: number
  onReply(reply: Reply): void
}

export type Requests<Reply> = ReturnType<typeof createRequests<Reply>>

export function createRequests<Reply>(options: RequestsOptions<Reply>) {
  const { ended, timedOut = ended, timeoutMs = Number.POSITIVE_INFINITY, now = () => performance.now() } = options
  const isTimed = timeoutMs < Number.POSITIVE_INFINITY
  /** By number, oldest first. Bounded by the callers: each is taken out when it is forgotten, by its time, or by the end of the stream. */
  const open = new Map<number, OpenRequest<Reply>>()
  let nextId = 1

  /** Gives up the requests whose time is over. Each `begin` does so; a stream with a timer of its own may call it, too. */
  function expire(): void {
    if (!isTimed || open.size === 0) return
    const nowMs = now()
    for (const [id, { sentAtMs, onReply }] of open) {
      if (nowMs - sentAtMs < timeoutMs) return
      open.delete(id)
      onReply(timedOut)
    }
  }

  /**
   * Sends a request and hands each of its replies to `onReply` until it is forgotten. `onReply` is never called before `begin` has returned,
   * provided that `send` does not hand a reply in itself.
   *
   * @param send sends the frame under this number; false when the stream has ended
   * @returns the number
   */
  function begin(send: (id: number) => boolean, onReply: (reply: Reply) => void): number {
    expire()
    const id = nextId++
    const isSent = send(id)
    open.set(id, { sentAtMs: isTimed ? now() : 0, onReply })
    // Later, so that the caller has the number by then.
    if (!isSent) queueMicrotask(() => open.delete(id) && onReply(ended))
    return id
  }

  return {
    /** Open requests. */
    get size() {
      return open.size
    },
    begin,
    /**
     * Sends a request that has one reply.
     *
     * @throws signal.reason, when aborted first: the reply is then not waited for
     */
    request: (send: (id: number) => boolean, { signal }: AbortOptions = {}) =>
      abortable<Reply>(signal, (resolve) => {
        const id = begin(send, resolve)
        return () => open.delete(id)
      }),
    /** Hands a reply to its request. False when there is no such request, or none any more. */
    reply(id: number, reply: Reply) {
      const request = open.get(id)
      request?.onReply(reply)
      return request !== undefined
    },
    /** Ends a request without a reply. False when it had ended already. */
    forget: (id: number) => open.delete(id),
    expire,
    /** The stream has ended. @param reply instead of `ended`, when there is more to say */
    end(reply: Reply = ended) {
      const all = [...open.values()]
      open.clear()
      for (const { onReply } of all) onReply(reply)
    },
  }
}
