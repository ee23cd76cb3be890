/** A visitor's messages, handed to a gateway in memory without a websocket. */

import { MayflyError } from '../../node/errors.ts'
import type { MessageCarrier } from '../../node/sharing/first/record-way.ts'
import type { Sharing } from '../../node/sharing/types.ts'

/** @param cut ends it when aborted, as when the gateway has gone: without a word */
export function carryVisit(gateway: Pick<Sharing, 'passOn'>, id: string, cut?: AbortSignal): MessageCarrier {
  let listener: (message: Uint8Array) => Promise<void> = async () => {}
  let onEnd: (reason: Error | undefined) => void = () => {}
  let handling = Promise.resolve()
  const pipe = gateway.passOn(id, {
    onMessage(message) {
      const copy = new Uint8Array(message)
      handling = handling.then(() => listener(copy))
    },
    onEnd: (reason) =>
      void handling.finally(() => onEnd(reason === 'left' ? new MayflyError('ERR_LEFT', 'The sharer has gone') : undefined)),
  })
  pipe.catch(() => onEnd(undefined))
  const close = () =>
    void pipe.then(
      (open) => open.close(),
      () => {},
    )
  cut?.addEventListener('abort', () => {
    onEnd(undefined)
    close()
  })
  return {
    unsentBytes: 0,
    send(message) {
      pipe.then(
        (open) => open.send(message),
        () => {}, // it has ended
      )
      return true
    },
    writable: async () => true,
    onMessage(next) {
      listener = next
    },
    onEnd(next) {
      onEnd = next
    },
    close,
    abort: close,
  }
}
