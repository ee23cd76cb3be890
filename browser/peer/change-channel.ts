/**
 * Change notifications for what this origin stores, to listeners in this tab and in its other tabs. Listeners read the new state themselves; an
 * event may say where.
 */

import { createEmitter } from '../../node/async/emitter.ts'

export type ChangeChannel = ReturnType<typeof announceChanges<void>>

export function announceChanges<T = void>(name: string) {
  const changes = createEmitter<T>()
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }: MessageEvent<T>) => changes.emit(data)
  return {
    announce(event: T) {
      changes.emit(event)
      channel.postMessage(event)
    },
    /** @returns a function that removes the listener */
    onChange: changes.on,
    /** No other tab is heard, or hears of a change, any more. */
    close: () => channel.close(),
  }
}
