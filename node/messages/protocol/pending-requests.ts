/** What was asked over one stream and is not answered yet. Who is asked may never answer, and must not fill the memory of who asks with that. */

export interface PendingRequests<Answer> {
  ask(sequence: number, onAnswer: (answer: Answer) => void): void
  /** To nobody when it was not asked, or is forgotten. May be called again for the same one. */
  answer(sequence: number, answer: Answer): void
  forget(sequence: number): void
  /** Forgets all, and tells each the same. */
  end(answer: Answer): void
}

/** Longer than anybody waits for an answer: each has a time of its own, far shorter, after which it goes on without. In ms. */
export const REQUEST_MS = 30_000

/**
 * @param monotonic in ms; any origin, never backwards
 * @param unanswered what is told when the time is over
 */
export function createPendingRequests<Answer>(monotonic: () => number, unanswered: Answer): PendingRequests<Answer> {
  /** By sequence, the oldest first. Bounded: what is asked within QUESTION_MS. */
  const asked = new Map<number, { atMs: number; onAnswer(answer: Answer): void }>()

  /** With each new question, so that no timer is needed: when nothing is asked, nothing grows. */
  function forgetOld(nowMs: number): void {
    for (const [sequence, { atMs, onAnswer }] of asked) {
      if (nowMs - atMs < REQUEST_MS) return
      asked.delete(sequence)
      onAnswer(unanswered)
    }
  }

  return {
    ask(sequence, onAnswer) {
      const atMs = monotonic()
      forgetOld(atMs)
      asked.set(sequence, { atMs, onAnswer })
    },
    answer: (sequence, answer) => asked.get(sequence)?.onAnswer(answer),
    forget: (sequence) => void asked.delete(sequence),
    end(answer) {
      const all = [...asked.values()]
      asked.clear()
      for (const { onAnswer } of all) onAnswer(answer)
    },
  }
}
