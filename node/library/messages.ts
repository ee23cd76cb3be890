/** Ends, secrets and messages, for users of the library: as in `node/messages/`, with checked arguments. */

import * as inbox from '../inbox.ts'
import * as messages from '../messages/index.ts'
import type { MessageSecret } from '../messages/types.ts'
import { readBytes, readImplementation, readText } from './arguments.ts'
import { readEnd, readPublicKey, readSecret } from './values.ts'

export { checkRules, createMemoryOutboxStore, createMessageSecret } from '../messages/index.ts'

/** The address of the owner of a public key (32 bytes, or their hex): 52 base32 characters. @throws {MayflyError} ERR_BAD_KEY */
export function hashnameOf(publicKey: Uint8Array | string): string {
  return messages.hashnameOf(readPublicKey(publicKey, 'hashnameOf: publicKey'))
}

/** The public key of a secret (32 bytes, or their hex). @throws {MayflyError} ERR_BAD_OPTION */
export function publicKeyOf(secret: MessageSecret | string): Uint8Array {
  return messages.publicKeyOf(readSecret(secret, 'publicKeyOf: secret'))
}

/** @throws {MayflyError} ERR_BAD_END; its message names the expected form */
export function parseEnd(text: string): messages.End {
  return readEnd(text, 'parseEnd: text')
}

/** Reads an envelope and checks its form and size limits, not its signature. @throws {MayflyError} ERR_BAD_FRAME */
export function decodeEnvelope(bytes: Uint8Array): messages.Envelope {
  return messages.decodeEnvelope(readBytes(bytes, 'decodeEnvelope: bytes'))
}

const readTyped = readImplementation<inbox.InboxMessage>({ type: readText, body: readBytes })

/** The text of a message's body; undefined when its type says that it is no text, or it is none. A byte order mark stays. */
export function bodyText(message: Parameters<typeof inbox.bodyText>[0]): string | undefined {
  return inbox.bodyText(readTyped(message, 'bodyText: message'))
}

/** A message with its body as text, or as base64 where it is none. */
export function messageFacts(message: inbox.InboxMessage): inbox.MessageFacts {
  return inbox.messageFacts(readTyped(message, 'messageFacts: message'))
}
