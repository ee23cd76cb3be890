/** Tells apart what `mayfly receive` is given: the link or the code of a share, or the name of a receiver of messages. By form alone, without the network. */

import { existsSync } from 'node:fs'
import { MayflyError } from '../../errors.ts'
import { inboxPathIn, plainReceiverPath } from '../../server/inbox/receiver-path.ts'

export type ShareTarget =
  | {
      kind: 'link'
      /** `/s/<id>#<secret>` */
      path: string
      /** Of the gateway that the link names; undefined for a path alone. */
      origin: string | undefined
    }
  | { kind: 'code'; code: string }

/** Two words of 3 to 8 letters and a number of four digits, in any order, with dashes or spaces between them. */
const CODE_PARTS = /^[\s-]*(?:[\p{L}\d]+[\s-]+){2}[\p{L}\d]+[\s-]*$/u
const CODE_WORD = /^\p{L}{3,}$/u
const CODE_NUMBER = /^\d{4}$/
const SHARE_PATH = /^\/s\/[^/?#]+$/
const BOX_PATH = /^\/d\//

/**
 * Undefined for the name of a receiver of messages: `#name`, or what is neither a link nor of the form of a code. A receiver of messages that is
 * there already, and has a name of that form, is meant by it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: a link to something else
 */
export function shareTargetOf(text: string, dataDirectory: string): ShareTarget | undefined {
  if (text.startsWith('#')) return undefined
  if (text.includes('/')) return parseShareLink(text)
  return hasCodeForm(text) && !isReceiver(text, dataDirectory) ? { kind: 'code', code: text } : undefined
}

function parseShareLink(text: string): ShareTarget {
  const isUrl = /^https?:\/\//i.test(text)
  const url = URL.parse(isUrl ? text : `http://path.invalid/${text.replace(/^\//, '')}`)
  if (url === null) throw refuse(`Not a link: ${JSON.stringify(text)}`)
  const { origin, pathname, hash, search } = url
  if (BOX_PATH.test(pathname)) throw refuse(`${text} is the link of a drop box, which takes files: mayfly share FILE --to '${text}'`)
  if (!SHARE_PATH.test(pathname) || search !== '') {
    throw refuse(`Not the link of a share: expected https://…/s/ID#SECRET, got ${JSON.stringify(text)} (mayfly get fetches held content)`)
  }
  if (hash.length < 2) throw refuse('The link has lost its end, from # on: put it in quotes, and copy all of it')
  return { kind: 'link', path: pathname + hash, origin: isUrl ? origin : undefined }
}

function hasCodeForm(text: string): boolean {
  if (!CODE_PARTS.test(text)) return false
  const parts = text.split(/[\s-]+/).filter((part) => part !== '')
  const numbers = parts.filter((part) => CODE_NUMBER.test(part))
  return numbers.length === 1 && parts.filter((part) => CODE_WORD.test(part)).length === 2
}

function isReceiver(name: string, dataDirectory: string): boolean {
  const path = plainReceiverPath(dataDirectory, name)
  return path !== undefined && existsSync(inboxPathIn(path))
}

function refuse(message: string): MayflyError {
  return new MayflyError('ERR_BAD_OPTION', message)
}
