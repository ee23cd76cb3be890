/** Reads arguments that mean something to mayfly: keys, secrets, messages, addresses. */

import type { MayflyError, MayflyErrorCode } from '../errors.ts'
import { decodeKeyHex, decodeLinkKey, isKeyHex, KEY_BYTES, type LinkKey } from '../keys/index.ts'
import { type End, parseEnd } from '../messages/index.ts'
import type { MessageDraft, MessageSecret } from '../messages/types.ts'
import { parseMultiaddr } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import {
  bytesIn,
  type Read,
  readMs,
  readObject,
  readOptions,
  readSignal,
  readText,
  readTextOrBytes,
  refuse,
  withCode,
} from './arguments.ts'

export const readKey: Read<Key> = (value, what) => {
  const bytes = bytesIn(value)
  if (bytes?.byteLength === KEY_BYTES) return bytes
  if (typeof value === 'string' && isKeyHex(value)) return decodeKeyHex(value)
  const hint = typeof value === 'string' && value.includes('/') ? ' (`decodeLink` reads the key out of a link)' : ''
  throw refuse(what, `a key: ${KEY_BYTES} bytes, or 64 lower-case hex digits${hint}`, value, 'ERR_BAD_KEY')
}

/** Secrets are never shown in errors. */
function refuseSecret(what: string, expected: string, value: unknown, code?: MayflyErrorCode): MayflyError {
  return refuse(what, expected, typeof value === 'string' ? new Uint8Array(value.length) : value, code)
}

export const readSecret: Read<MessageSecret> = (value, what) => {
  const bytes = bytesIn(value)
  if (bytes?.byteLength === KEY_BYTES) return bytes
  if (typeof value === 'string' && isKeyHex(value)) return decodeKeyHex(value)
  throw refuseSecret(what, `a secret: ${KEY_BYTES} bytes, or 64 lower-case hex digits`, value)
}

/** A pass phrase, a password, or recovery words. */
export const readSecretText: Read<string> = (value, what) => {
  if (typeof value === 'string' && value !== '') return value
  throw refuseSecret(what, 'a text that is not empty', value)
}

export const readPublicKey: Read<Uint8Array> = readKey

/** 32 bytes, or what follows `#k=` in a private link. */
export const readLinkKey: Read<LinkKey> = (value, what) => {
  const bytes = bytesIn(value)
  if (bytes?.byteLength === KEY_BYTES) return bytes
  if (typeof value !== 'string') throw refuse(what, `the key of a private link: ${KEY_BYTES} bytes, or its text`, value, 'ERR_BAD_KEY')
  return isKeyHex(value) ? decodeKeyHex(value) : decodeLinkKey(value)
}

export const readPrivateKey: Read<Uint8Array> = (value, what) => {
  const bytes = bytesIn(value)
  if (bytes === undefined) throw refuseSecret(what, "libp2p's protobuf bytes of an Ed25519 key", value)
  return bytes
}

export const readAbortOptions: Read<AbortOptions> = readOptions<AbortOptions>({ signal: readSignal })

const readEndAsText: Read<string> = withCode('ERR_BAD_END', readText)

export const readEnd: Read<End> = (value, what) => parseEnd(readEndAsText(value, what))

const readDraftObject = withCode(
  'ERR_BAD_MESSAGE',
  readObject<MessageDraft>({ body: readBody, type: readText, fields: readFields, ttlMs: readMs }, ['body']),
)

/** Text or bytes alone are the body. */
export const readDraft: Read<MessageDraft> = (value, what) =>
  typeof value === 'string' || bytesIn(value) !== undefined ? { body: readBody(value, what) } : readDraftObject(value, what)

function readBody(value: unknown, what: string): string | Uint8Array {
  return typeof value === 'string' ? value : readTextOrBytes(value, what)
}

function readFields(value: unknown, what: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(what, 'an object of texts', value)
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, readText(text, `${what}.${name}`)]))
}

export const readMultiaddr: Read<string> = (value, what) => {
  if (typeof value !== 'string' || parseMultiaddr(value) === undefined) throw refuse(what, 'a multiaddr (/dns4/…/tcp/443/wss)', value)
  return value
}

/** A gateway's URL, also as a `URL`, or a multiaddr; where it is joined, its form is checked. */
export const readAddress: Read<string> = (value, what) => {
  if (value instanceof URL) return value.href
  if (typeof value !== 'string') throw refuse(what, "a gateway's URL (http://host:port) or a multiaddr (/ip4/…)", value)
  return value
}
