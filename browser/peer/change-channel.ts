/** Change notifications for what this origin stores, to listeners in this tab and in its other tabs. Listeners read the new state themselves. */

export interface ChangeChannel {
  announce(): void
  /** @returns a function that removes the listener */
  onChange(listener: () => void): () => void
  close(): void
}

export function announceChanges(name: string): ChangeChannel {
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
    onChange(listener) {
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
