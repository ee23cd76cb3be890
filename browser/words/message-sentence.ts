/** The outcome of a message, and why one could not be sent, in words. */

import { type MessageRefusal, type OutboxEntry, REFUSALS } from '../../node/index.ts'
import { NO_SEALING } from './plain-http-sentence.ts'

export function refusalText(reason: MessageRefusal): string {
  return REFUSALS[reason].sentence
}

export function outcomeSentence({ outcome, isDone, expiresAtMs }: Pick<OutboxEntry, 'outcome' | 'isDone' | 'expiresAtMs'>): string {
  if (outcome === undefined) return 'Sending…'
  switch (outcome.state) {
    case 'stored':
      return outcome.receipts.length === 1 ? 'Stored by the receiver.' : `Stored by ${outcome.receipts.length} receivers.`
    case 'heard':
      return `Received by ${outcome.taps}, stored by nobody.`
    case 'queued':
      return outcome.nodes === 0
        ? `No receiver is there now. This browser keeps the message and tries until ${untilText(outcome.untilMs)}, while a tab is open.`
        : `The receiver is away. ${nodesText(outcome.nodes)} the message until ${untilText(outcome.untilMs)}.`
    case 'refused':
      return isDone
        ? `Refused: ${refusalText(outcome.reason)}.`
        : `Not accepted yet: ${refusalText(outcome.reason)}. This browser tries again until ${untilText(expiresAtMs)}.`
    case 'expired':
      return 'Expired: no receiver has confirmed that it stored the message.'
  }
}

export function postProblemSentence(error: unknown): string {
  const { code, message } = codedError(error)
  if (code === 'ERR_BAD_END') return 'This is not an address. Write #name for an open name, or the 52 characters of a receiver’s address.'
  if (code === 'ERR_LIMIT') return 'Too many messages are waiting to be sent. Cancel some of them, or wait.'
  if (code === 'ERR_NO_CRYPTO') return NO_SEALING
  return `The message could not be sent: ${message}`
}

export function mailboxProblemSentence(error: unknown): string {
  const { message } = codedError(error)
  return `This browser cannot store messages: ${message}. A private window or a setting may forbid storage.`
}

export function listenProblemSentence(error: unknown): string {
  const { code, message } = codedError(error)
  if (code === 'ERR_BAD_END') return 'This is not an open name. It has a # and 1 to 64 characters, without spaces and without # / ? %.'
  if (code === 'ERR_BAD_RULE') return `These conditions are not valid: ${message.replace(/^[^:]*: /, '')}.`
  if (code === 'ERR_LIMIT') return 'This tab listens to as many names as its node allows. Stop listening to one of them first.'
  return message
}

function codedError(error: unknown): { code: unknown; message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) }
  return { code: 'code' in error ? error.code : undefined, message: error.message }
}

function nodesText(nodes: number): string {
  return nodes === 1 ? '1 node keeps' : `${nodes} nodes keep`
}

function untilText(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' })
}
