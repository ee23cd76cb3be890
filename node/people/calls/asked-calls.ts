/** Calls of this end on one session, by number: each hears its answers, and of one end. */

import type { CallFrame } from '../format/call-frames.ts'
import { costOf, decodeValue } from '../format/value.ts'
import type { CallError, Value } from '../types.ts'

/** The caller's side of one call. */
export interface CallListener {
  /** @param onTaken to be called when the reader has taken the item */
  onAnswer(value: Value | undefined, onTaken?: () => void): void
  /** Called once, after all answers. */
  onEnd(error?: CallError): void
}

export type AnswerFrame = Extract<CallFrame, { type: 'answer' | 'item' | 'end' | 'error' }>

export type AskedCalls = ReturnType<typeof createAskedCalls>

/**
 * @param send false when too much waits to be sent
 * @param onOver a call is over
 */
export function createAskedCalls(send: (frame: CallFrame, dataBytes?: number) => boolean, onOver: () => void) {
  /** Bounded by the callers. */
  const asked = new Map<number, CallListener>()
  let lastId = 0

  function end(id: number, error?: CallError): void {
    const call = asked.get(id)
    if (call === undefined) return
    asked.delete(id)
    call.onEnd(error)
    onOver()
  }

  function takeItem({ id, data }: CallFrame & { type: 'item' }): void {
    asked.get(id)?.onAnswer(decodeValue(data), () => {
      if (asked.has(id)) send({ type: 'credit', id, bytes: costOf(data) })
    })
  }

  return {
    get size() {
      return asked.size
    },
    /** Sends a call. Undefined when too much waits to be sent. @returns ends it early: `onEnd` is not called */
    begin(module: string, data: Uint8Array, call: CallListener): (() => void) | undefined {
      const id = ++lastId
      asked.set(id, call)
      if (!send({ type: 'call', id, module, data }, data.byteLength)) {
        asked.delete(id)
        return undefined
      }
      return () => {
        if (!asked.delete(id)) return
        send({ type: 'abort', id })
        onOver()
      }
    },
    /** Frames about a call that is over are ignored. @throws {MayflyError} ERR_BAD_FRAME */
    take(frame: AnswerFrame) {
      switch (frame.type) {
        case 'answer':
          asked.get(frame.id)?.onAnswer(decodeValue(frame.data))
          end(frame.id)
          break
        case 'item':
          takeItem(frame)
          break
        case 'end':
          end(frame.id)
          break
        case 'error':
          end(frame.id, errorOf(frame))
      }
    },
    endAll(error: CallError) {
      for (const id of [...asked.keys()]) end(id, error)
    },
  }
}

function errorOf({ code, text, issues }: CallFrame & { type: 'error' }): CallError {
  return issues === undefined ? { code, message: text } : { code, message: text, issues }
}
