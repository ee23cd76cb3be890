/** The senders that a receiver's owner has named or muted. There are few of them; other senders are not listed. */

import type { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '../../errors.ts'
import type { Inbox } from '../../index.ts'

/** A sender that has no name has an empty one. */
type InboxSender = ReturnType<Inbox['senders']>[number]

const MAX_NAME_LENGTH = 64
/** Named and muted senders; the owner set each. */
const MAX_SENDERS = 10_000
/** 32 bytes in base32: the last character has one bit of them. */
export const SENDER_FORM = /^[a-z2-7]{51}[aq]$/

export type InboxSenders = ReturnType<typeof createInboxSenders>

/** @param commit makes a change durable */
export function createInboxSenders(database: DatabaseSync, commit: (change: () => void) => void) {
  /** By hashname. Bounded: MAX_SENDERS. */
  const senders = new Map<string, InboxSender>()
  for (const { hashname, name, is_muted } of database.prepare('SELECT * FROM senders').all()) {
    senders.set(String(hashname), { hashname: String(hashname), name: String(name), isMuted: is_muted === 1 })
  }
  return {
    nameOf: (hashname: string): string | undefined => senders.get(hashname)?.name || undefined,
    isMuted: (hashname: string): boolean => senders.get(hashname)?.isMuted === true,
    /** Hashnames of senders whose name contains the text, in any case. */
    named(part: string): string[] {
      const wanted = part.normalize('NFC').toLowerCase()
      return [...senders.values()].filter(({ name }) => name.toLowerCase().includes(wanted)).map(({ hashname }) => hashname)
    },
    list: (): InboxSender[] => [...senders.values()].map((sender) => ({ ...sender })),
    /**
     * Durable when it returns.
     *
     * @throws {MayflyError} ERR_BAD_OPTION, ERR_LIMIT; the error of the commit
     */
    set(hashname: string, { name, isMuted }: { name?: string; isMuted?: boolean }): void {
      if (!SENDER_FORM.test(hashname)) throw new MayflyError('ERR_BAD_OPTION', `Not a hashname: ${JSON.stringify(hashname.slice(0, 80))}`)
      const earlier = senders.get(hashname) ?? { hashname, name: '', isMuted: false }
      const sender = { hashname, name: (name ?? earlier.name).trim().normalize('NFC'), isMuted: isMuted ?? earlier.isMuted }
      if (sender.name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(sender.name)) {
        throw new MayflyError('ERR_BAD_OPTION', `Not a name for a sender: at most ${MAX_NAME_LENGTH} characters, on one line`)
      }
      if (sender.name === '' && !sender.isMuted) {
        commit(() => void database.prepare('DELETE FROM senders WHERE hashname = ?').run(hashname))
        senders.delete(hashname)
        return
      }
      if (!senders.has(hashname) && senders.size >= MAX_SENDERS) {
        throw new MayflyError('ERR_LIMIT', `Cannot name or mute another sender: there are ${MAX_SENDERS} already`)
      }
      const values = [hashname, sender.name, sender.isMuted ? 1 : 0]
      commit(() => void database.prepare('INSERT OR REPLACE INTO senders VALUES (?, ?, ?)').run(...values))
      senders.set(hashname, sender)
    },
  }
}
