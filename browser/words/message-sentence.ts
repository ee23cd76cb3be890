/** What became of a message, and why one could not be sent, in words. */

import { type MessageRefusal, type PostOutcome, REFUSALS } from '../../node/index.ts'

export function refusalText(reason: MessageRefusal): string {
  return REFUSALS[reason].sentence
}

export interface OutcomeFacts {
  outcome: PostOutcome | undefined
  isDone: boolean
  expiresAtMs: number
}

export function outcomeSentence({ outcome, isDone, expiresAtMs }: OutcomeFacts): string {
  if (outcome === undefined) return 'On its way.'
  switch (outcome.state) {
    case 'stored':
      return outcome.receipts.length === 1 ? 'Stored by the receiver.' : `Stored by ${outcome.receipts.length} receivers.`
    case 'heard':
      return `Heard by ${outcome.taps}, stored by nobody.`
    case 'queued':
      return outcome.nodes === 0
        ? `Nobody is there for it now. This browser keeps it and tries until ${untilText(outcome.untilMs)}, while a tab is open.`
        : `The receiver is away. ${nodesText(outcome.nodes)} it until ${untilText(outcome.untilMs)}.`
    case 'refused':
      return isDone
        ? `Refused: ${refusalText(outcome.reason)}.`
        : `Not taken yet: ${refusalText(outcome.reason)}. It is tried again until ${untilText(expiresAtMs)}.`
    case 'expired':
      return 'Expired: nobody is known to have stored it.'
  }
}

/** Why nothing was sent, for who wrote it. */
export function postProblemSentence(error: unknown): string {
  const { code, message } = codedError(error)
  if (code === 'ERR_BAD_END') return 'This is no address. Write #name for everybody who listens there, or the 52 characters of a receiver.'
  if (code === 'ERR_LIMIT') return 'Too many messages wait to be sent. Give up on some of them, or wait.'
  if (code === 'ERR_NO_CRYPTO')
    return 'Your browser seals messages only in pages that come by https, or from your own machine: open such a gateway to send one.'
  return `It could not be sent: ${message}`
}

/** Why this browser cannot receive. */
export function mailboxProblemSentence(error: unknown): string {
  const { code, message } = codedError(error)
  if (code === 'ERR_NO_CRYPTO')
    return 'Your browser seals and opens messages only in pages that come by https, or from your own machine: open such a gateway to write and receive.'
  return `This browser cannot keep messages here: ${message}. A private window, or a setting, may keep pages from storing anything.`
}

/** Why an end cannot be listened to. */
export function listenProblemSentence(error: unknown): string {
  const { code, message } = codedError(error)
  if (code === 'ERR_BAD_END') return 'This is no name of an end: # and 1 to 64 characters, without spaces and without # / ? %.'
  if (code === 'ERR_BAD_RULE') return `These conditions are not taken: ${message.replace(/^[^:]*: /, '')}.`
  if (code === 'ERR_LIMIT') return 'This node takes no more from one tab. Stop listening somewhere else.'
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
