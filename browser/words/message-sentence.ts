/** The outcome of a message, and why one could not be sent, in words. */

import { type MessageRefusal, type OutboxEntry, type PostOutcome, REFUSALS } from '../../node/index.ts'
import { NO_SEALING } from './plain-http-sentence.ts'

export function refusalText(reason: MessageRefusal): string {
  return REFUSALS[reason].sentence
}

type OutcomeFacts = Pick<OutboxEntry, 'end' | 'outcome' | 'isDone' | 'expiresAtMs'>

/** Only what receipts and record nodes say: a receipt says that a receiver has stored the message, and nobody says whether it was read. */
export function outcomeSentence({ end, outcome, isDone, expiresAtMs }: OutcomeFacts): string {
  if (outcome === undefined) return 'Sending…'
  const isOpen = end.startsWith('#')
  switch (outcome.state) {
    case 'stored':
      return isOpen ? `Delivered: ${receiversText(outcome.receipts.length)} stored it.` : 'Delivered: the receiver has stored it.'
    case 'heard':
      return `Passed on to ${outcome.taps === 1 ? '1 listener, who does' : `${outcome.taps} listeners, who do`} not store messages.`
    case 'queued':
      return `Waiting: ${isOpen ? 'nobody listens to this name now' : 'the receiver seems to be away'}. ${keptText(outcome)}`
    case 'refused':
      return isDone ? `Refused: ${refusalText(outcome.reason)}.` : `Waiting: ${refusalText(outcome.reason)}. ${retryText(expiresAtMs)}`
    case 'expired':
      return 'Expired: no receiver has confirmed that it stored the message. Send it again if it still matters.'
  }
}

function receiversText(receivers: number): string {
  return receivers === 1 ? '1 receiver has' : `${receivers} receivers have`
}

function keptText({ nodes, untilMs }: Extract<PostOutcome, { state: 'queued' }>): string {
  if (nodes === 0) return retryText(untilMs)
  return `${nodes === 1 ? '1 node keeps' : `${nodes} nodes keep`} the message until ${untilText(untilMs)}.`
}

const retryText = (untilMs: number) => `This browser keeps trying until ${untilText(untilMs)}, while a tab of this site is open.`

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

const ADDRESS_PROBLEMS = {
  unreadable:
    'This is not the secret of an address: it begins with mayfly-address- and has 56 more letters and digits. Perhaps a character is wrong or missing.',
  same: 'This browser has this address already.',
} as const

export function addressProblemSentence(problem: keyof typeof ADDRESS_PROBLEMS): string {
  return ADDRESS_PROBLEMS[problem]
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

function untilText(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' })
}
