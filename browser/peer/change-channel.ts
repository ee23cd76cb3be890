/** Change notifications for what this origin stores, to listeners in this tab and in its other tabs. Listeners read the new state themselves. */

import { createEmitter } from '../../node/async/emitter.ts'

export type ChangeChannel = ReturnType<typeof announceChanges>

export function announceChanges(name: string) {
  const changes = createEmitter<void>()
  const channel = new BroadcastChannel(name)
  channel.onmessage = () => changes.emit()
  return {
    announce() {
      changes.emit()
      channel.postMessage('changed')
    },
    /** @returns a function that removes the listener */
    onChange: changes.on,
    /** No other tab is heard, or hears of a change, any more. */
    close: () => channel.close(),
  }
}
