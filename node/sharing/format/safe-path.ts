/**
 * Paths of received files that every common system can keep. Each change is said: names of devices, characters and endings that Windows
 * refuses, parts that lead out of the folder, names that differ only in capitals or in the form of their accents. Pure.
 *
 * @see https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */

import { freePath } from './free-path.ts'

/** Bytes of a name in UTF-8: most file systems take no more. */
const MAX_NAME_BYTES = 255
/** Room for ` (2)` and the like, and for the ending of a partial file. */
const SHORTENED_BYTES = 220
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$) *(?:\.|$)/i
/** Control characters, those that change the direction of the text around them, and those that Windows refuses. */
const REFUSED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069<>:"|?*\\]/g

export interface SafePath {
  path: string
  /** Why it is not the path that came, in words; undefined where it is. */
  change: string | undefined
}

/** @param taken paths that were given before, and their folders, in the form of `twinKey`; those of the new one are added */
export function safePath(path: string, taken: Set<string>): SafePath {
  const changes = new Set<string>()
  const parts = path
    .split(/[/\\]/)
    .filter((part) => part !== '' && part !== '.')
    .map((part) => safeName(part, changes))
  if (path.startsWith('/') || /^[a-z]:[/\\]/i.test(path)) changes.add('it began at the root of a disk')
  if (parts.length === 0) changes.add('it had no name')
  const { folder, name } = { folder: parts.slice(0, -1), name: parts.at(-1) ?? 'file' }
  const clean = [...folder, name].join('/')
  let inside = ''
  for (const part of folder) {
    inside = `${freePath(inside + part, (other) => taken.has(twinKey(other)))}/` // no file has the name of a folder
    taken.add(twinKey(inside))
  }
  const free = freeName(inside, name, (other) => taken.has(twinKey(other)) || taken.has(`${twinKey(other)}/`))
  if (free !== clean) changes.add('another file has that name')
  taken.add(twinKey(free))
  return { path: free, change: free === path ? undefined : [...changes].join(', ') || 'it had empty folder names' }
}

/** A number makes a name longer: one that is too long then is cut first. */
function freeName(inside: string, name: string, isTaken: (path: string) => boolean): string {
  const free = freePath(inside + name, isTaken)
  return byteLength(free) - byteLength(inside) <= MAX_NAME_BYTES ? free : freePath(inside + shorten(name), isTaken)
}

/** The same for names that some systems take for one. */
export const twinKey = (path: string): string => path.normalize('NFC').toLowerCase()

function safeName(name: string, changes: Set<string>): string {
  let safe = name.toWellFormed()
  if (safe !== name) changes.add('it had half a character')
  if (safe === '..') {
    changes.add('it led out of its folder')
    return '_'
  }
  const without = safe.replaceAll(REFUSED, '_')
  if (without !== safe) changes.add('some systems take no such character')
  safe = without.replace(/[. ]+$/, '').replace(/^ +/, '')
  if (safe !== without) changes.add('some systems take no space or full stop at its ends')
  if (safe === '') safe = '_'
  if (DEVICE.test(safe)) {
    changes.add('some systems have a device of that name')
    safe = `_${safe}`
  }
  if (byteLength(safe) <= MAX_NAME_BYTES) return safe
  changes.add('it was too long')
  return shorten(safe)
}

/** Cuts before the ending, and no character in two. */
function shorten(name: string): string {
  const ending = /\.[^.]{1,16}$/.exec(name)?.[0] ?? ''
  const room = SHORTENED_BYTES - byteLength(ending)
  let stem = ''
  let bytes = 0
  for (const character of name.slice(0, name.length - ending.length)) {
    bytes += byteLength(character)
    if (bytes > room) break
    stem += character
  }
  return `${stem.replace(/[. ]+$/, '')}${ending}`
}

const byteLength = (text: string) => new TextEncoder().encode(text).byteLength
