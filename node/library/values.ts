/** Reads arguments that mean something to mayfly: keys, secrets, content, addresses. */

import { blobSource, memorySource } from '../content/format/source.ts'
import type { ContentSource, OpenedContent } from '../content/types.ts'
import type { MayflyError, MayflyErrorCode } from '../errors.ts'
import { decodeKeyHex, decodeLinkKey, isKeyHex, KEY_BYTES, type LinkKey } from '../keys/index.ts'
import { type End, parseEnd } from '../messages/index.ts'
import type { MessageDraft, MessageSecret } from '../messages/types.ts'
import { parseMultiaddr } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import {
  bytesIn,
  optional,
  type Read,
  readFunction,
  readImplementation,
  readInteger,
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

const readSourceObject = readImplementation<ContentSource>({ size: readInteger, read: readFunction })

/** The bytes that a source answers with are checked, too: with fewer or more of them, the key would be another content's. */
export const readSource: Read<ContentSource> = (value, what) => {
  const source = readSourceObject(value, what)
  optional(readFunction)(source.close, `${what}.close`)
  return {
    size: source.size,
    async read(offset, length, options) {
      const given: unknown = await source.read(offset, length, options)
      const bytes = bytesIn(given)
      if (bytes?.byteLength !== length) throw refuse(`${what}.read`, `${length} bytes (a Uint8Array) from ${offset} on`, given)
      return bytes
    },
    close: async () => source.close?.(),
  }
}

export const readBlob = readImplementation<Blob>({ size: readInteger, slice: readFunction })

/** Text stands for its UTF-8, and a file or a Blob for what is in it. */
export const readContent: Read<Uint8Array | ContentSource> = (value, what) => {
  if (typeof value === 'string') return new TextEncoder().encode(value)
  const bytes = bytesIn(value)
  if (bytes !== undefined) return bytes
  if (value instanceof Blob) return blobSource(value)
  if (typeof value === 'object' && value !== null && 'read' in value) return readSource(value, what)
  throw refuse(what, 'text, bytes (a Uint8Array or an ArrayBuffer), a Blob, or a source { size, read }', value)
}

/** The same where a source is needed. */
export const readAnySource: Read<ContentSource> = (value, what) => {
  const content = readContent(value, what)
  return content instanceof Uint8Array ? memorySource(content) : content
}

export const readOpened = readImplementation<Pick<OpenedContent, 'size' | 'read'>>({ size: readInteger, read: readFunction })

export const readAbortOptions: Read<AbortOptions> = readOptions<AbortOptions>({ signal: readSignal })

/** `length` reaches to the end at most, and is as long as that when it is left out. */
export function readPart(size: number): Read<{ offset: number; length: number } | undefined> {
  const read = readObject<{ offset: number; length?: number }>({ offset: readInteger, length: readInteger }, ['offset'])
  return (value, what) => {
    if (value === undefined) return undefined
    const { offset, length = size } = read(value, what)
    if (offset > size) throw refuse(`${what}.offset`, `at most the size of the content, ${size}`, offset)
    return { offset, length: Math.min(length, size - offset) }
  }
}

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
