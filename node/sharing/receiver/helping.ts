/** Help of a receiver for others: it passes on contents in pieces while they come and afterwards, and whole ones once they are there. */

import type { ContentStore, PieceStore, Receiving } from '../../content/types.ts'
import { decodeKeyHex, equalBytes } from '../../keys/index.ts'

/** Contents that are passed on after they are complete, the newest: each of those in pieces has a lease, and whole ones are held. */
const MAX_HELPED = 32
const MAX_WHOLE = 128

interface Whole {
  hash: string
  size: number
  store: PieceStore
}

export type Helping = ReturnType<typeof createHelping>

export function createHelping(content: Pick<ContentStore, 'hold' | 'release'>) {
  /** Of complete contents, oldest first. Bounded: MAX_HELPED. */
  const complete = new Set<Receiving>()
  /** Of contents that are coming. */
  const coming = new Set<Receiving>()
  /** By hash, oldest first. Bounded: MAX_WHOLE. */
  const wholes = new Map<string, Whole>()
  /** Those that are held, one after the other. */
  let holding: Promise<unknown> = Promise.resolve()
  const heldHere = new Set<string>()
  let isHelping = true

  async function hold({ hash, size, store }: Whole, fresh?: Uint8Array): Promise<void> {
    const key = decodeKeyHex(hash)
    if (!isHelping || heldHere.has(hash) || wholes.get(hash)?.store !== store) return
    // Bytes that have just come need not be read; and what is read later is checked by those who hold it.
    let bytes = fresh
    const read = async (offset: number, length: number) => (bytes ?? (await store.read(0))).slice(offset, offset + length)
    const { key: holds, wasHeld } = await content.hold({ size, read }, { isPart: true })
    bytes = undefined
    if (wasHeld) return // by this peer's user, who releases it
    if (!equalBytes(holds, key)) await content.release(holds)
    else heldHere.add(hash)
  }

  async function release(hash: string): Promise<void> {
    if (heldHere.delete(hash)) await content.release(decodeKeyHex(hash))
  }

  /** One after the other. A limit, or a store that cannot be read any more, ends the help of one content alone. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = holding.then(work).catch(() => {})
    holding = turn
    return turn
  }

  return {
    coming(receiving: Receiving): void {
      coming.add(receiving)
      receiving.serve(isHelping)
    },
    came(receiving: Receiving): void {
      coming.delete(receiving)
      complete.add(receiving)
      for (const oldest of complete) {
        if (complete.size <= MAX_HELPED) break
        complete.delete(oldest)
        void oldest.end()
      }
    },
    cut(receiving: Receiving): void {
      coming.delete(receiving)
    },
    /** A content of one piece is in its store. @param fresh its bytes, when they have just come */
    cameWhole(whole: Whole, fresh?: Uint8Array): void {
      wholes.set(whole.hash, whole)
      for (const oldest of wholes.keys()) {
        if (wholes.size <= MAX_WHOLE) break
        wholes.delete(oldest)
        void inTurn(() => release(oldest))
      }
      void inTurn(() => hold(whole, fresh))
    },
    help(helps: boolean): void {
      isHelping = helps
      for (const receiving of [...complete, ...coming]) receiving.serve(helps)
      for (const whole of wholes.values()) void inTurn(() => (isHelping ? hold(whole) : release(whole.hash)))
    },
    /** Nobody can have the rest any more. */
    async endComing(): Promise<void> {
      await Promise.all([...coming].map((receiving) => receiving.end()))
    },
    async close(): Promise<void> {
      isHelping = false
      wholes.clear()
      const ending = [...complete, ...coming].map((receiving) => receiving.end())
      complete.clear()
      await Promise.all([...ending, inTurn(async () => void (await Promise.all([...heldHere].map(release))))])
    },
  }
}
