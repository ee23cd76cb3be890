/** The outcome of a sent message, in words and as JSON, and the exit code of the command that sent it. */

import type { Posted, PostOutcome } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { hashnameOf } from '../../keys/signing.ts'
import { REFUSALS } from '../../messages/lone-sender.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'

/** @param isWaitedFor the command waits until the message is stored */
export function describeOutcome(outcome: PostOutcome, isWaitedFor: boolean): string {
  switch (outcome.state) {
    case 'stored':
      return `stored by ${counted(outcome.receipts.length, 'receiver')}`
    case 'heard':
      return `heard by ${counted(outcome.taps, 'listener')}, stored by nobody`
    case 'queued': {
      const until = new Date(outcome.untilMs).toISOString()
      const where = outcome.nodes === 0 ? 'in the outbox' : `with ${counted(outcome.nodes, 'node')}`
      const why = outcome.reason === undefined ? '' : ` (${outcome.reason}: ${REFUSALS[outcome.reason].sentence})`
      return `${isWaitedFor ? 'not stored in time; ' : ''}queued ${where} until ${until}${why}`
    }
    case 'refused': {
      const { sentence, isFinal } = REFUSALS[outcome.reason]
      return `refused (${outcome.reason}): ${sentence}${isFinal ? '' : '; try again later'}`
    }
    case 'expired':
      return 'expired: its time is over, and nobody is known to have stored it'
  }
}

/** `receipts` is always there, so that a script can count them. */
export function outcomeFacts({ id, outcome }: Posted): Record<string, unknown> {
  const receipts = outcome.state === 'stored' ? outcome.receipts : []
  return {
    id: encodeKeyHex(id),
    ...outcome,
    receipts: receipts.map(({ receiver, storedAtMs }) => ({ receiver: hashnameOf(receiver), storedAtMs })),
  }
}

export function exitCodeOfOutcome({ state }: PostOutcome, isWaitedFor: boolean): ExitCode {
  if (state === 'stored' || state === 'heard') return EXIT.done
  return state === 'queued' && !isWaitedFor ? EXIT.done : EXIT.failed
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
