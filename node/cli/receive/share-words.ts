/** Sentences about a share that somebody receives, and errors with their codes. */

import { MayflyError, type ReceivedShare, type ShareCode, type ShareEntry } from '../../index.ts'
import { describeBytes } from '../print/progress-bar.ts'

const END_WORDS: Readonly<Record<ShareCode, string>> = {
  ERR_SHARE_WRONG: 'This link is not that of the share: ask for it once more, and copy all of it',
  ERR_SHARE_ENDED: 'The sender has ended this share',
  ERR_SHARE_EXPIRED: 'The time of this share is over: ask the sender for a new link',
  ERR_SHARE_USED: 'As many have received this share as were allowed to: ask the sender for a new link',
  ERR_SHARE_PASSWORD: 'This share needs its password',
  ERR_SHARE_LOCKED: 'There were too many wrong passwords, so the share is locked: ask its sender',
  ERR_SHARE_REFUSED: 'The sender was asked, and has refused',
  ERR_SHARE_FULL: 'The sender has as many receivers as fit at once: try again later',
}

export function endError(code: ShareCode = 'ERR_SHARE_ENDED'): MayflyError {
  return new MayflyError(code, END_WORDS[code])
}

/** The sender was not there, or has left, and nothing comes from others. */
export function awayError({ entries, helpers }: Pick<ReceivedShare, 'entries' | 'helpers'>): MayflyError {
  if (entries.length === 0)
    return new MayflyError('ERR_NO_HOLDER', 'The sender of this share is not here: try again when it is (--wait 1h waits for it)')
  const others = helpers === 0 ? 'nobody else has it' : `${othersOf(helpers)} some of it, and nothing more comes`
  return new MayflyError('ERR_NO_HOLDER', `The sender has left, and ${others}. What has come stays: run the same command again to go on`)
}

export function describeAway(helpers: number): string {
  return helpers === 0 ? 'The sender has left; waiting' : `The sender has left; ${othersOf(helpers)} the rest, or some of it`
}

/** While receiving. */
export function describeEnd(code: ShareCode | undefined, helpers: number): string {
  const words = endError(code).message
  return helpers === 0 ? words : `${words}; ${othersOf(helpers)} the rest, or some of it`
}

const othersOf = (helpers: number) => (helpers === 1 ? '1 other has' : `${helpers} others have`)

export function sumOf(entries: readonly Pick<ShareEntry, 'size'>[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0)
}

/** As "3 files, 12.3 MiB" or "1 text". */
export function describeEntries(entries: readonly Pick<ShareEntry, 'kind' | 'size'>[]): string {
  const files = entries.filter(({ kind }) => kind === 'file')
  const texts = entries.length - files.length
  const parts = [
    ...(files.length > 0 || texts === 0
      ? [`${files.length === 1 ? '1 file' : `${files.length} files`}, ${describeBytes(sumOf(files))}`]
      : []),
    ...(texts > 0 ? [texts === 1 ? '1 text' : `${texts} texts`] : []),
  ]
  return parts.join(', and ')
}

/** One line of the list. */
export function describeEntry({ path, size, kind, state }: ShareEntry): string {
  const note = kind === 'text' ? '  (text)' : state === 'failed' ? '  (its sender cannot read it any more)' : ''
  return `${describeBytes(size).padStart(12)}  ${path}${note}`
}
