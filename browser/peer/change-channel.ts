/** Says that something kept for this origin changed: to who listens in this tab, and to the other tabs. What changed they read themselves. */

export interface ChangeChannel {
  announce(): void
  /** Returns the function that ends it. */
  onChange(listener: () => void): () => void
  close(): void
}

export function announceChanges(name: string): ChangeChannel {
  /** Bounded by the parts of this tab that listen. */
  const listeners = new Set<() => void>()
  const channel = new BroadcastChannel(name)
  const tell = () => {
    for (const listener of [...listeners]) listener()
  }
  channel.onmessage = tell
  return {
    announce() {
      tell()
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
