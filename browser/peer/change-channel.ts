/** Change notifications for what this origin stores, to listeners in this tab and in its other tabs. Listeners read the new state themselves. */

export type ChangeChannel = ReturnType<typeof announceChanges>

export function announceChanges(name: string) {
  /** Bounded by the parts of this tab. */
  const listeners = new Set<() => void>()
  const channel = new BroadcastChannel(name)
  const notify = () => {
    for (const listener of [...listeners]) listener()
  }
  channel.onmessage = notify
  return {
    announce() {
      notify()
      channel.postMessage('changed')
    },
    /** @returns a function that removes the listener */
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    close() {
      listeners.clear()
      channel.close()
    },
  }
}
