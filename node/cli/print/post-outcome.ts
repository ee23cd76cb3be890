/** What became of a message, in words and as JSON, and how a command ends that posted it. */

import { encodeKeyHex, hashnameOf, type MessageRefusal, type Posted, type PostOutcome } from '../../index.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'

const REFUSALS: Readonly<Record<MessageRefusal, string>> = {
  malformed: 'it is not a message that others understand; is one of you too old?',
  forged: 'it does not seem to be from its sender',
  clock: "this machine's clock is ahead of the receiver's: set it right, and send it again",
  expired: 'its time was over when it came there',
  'sender-rate': 'too many messages from here; try again later',
  'sender-share': 'too much mail from here waits already; try again later',
  'end-full': 'too much mail waits for this end already; try again later',
  full: 'there is no room for anybody’s mail now; try again later',
  'unknown-sender': 'the receiver takes messages from those it knows alone',
  muted: 'the receiver does not want messages from here',
  'not-stored': 'the receiver cannot store now; try again later',
  'unknown-receiver': 'nobody knows this receiver now, and nothing can be sealed for it; try again when it is there',
  'no-network': 'nobody could be asked; try again later',
}

/** @param isWaitedFor the sender wants to see it stored */
export function describeOutcome(outcome: PostOutcome, isWaitedFor: boolean): string {
  switch (outcome.state) {
    case 'stored':
      return `stored by ${counted(outcome.receipts.length, 'receiver')}`
    case 'heard':
      return `heard by ${counted(outcome.taps, 'listener')}, stored by nobody`
    case 'queued': {
      const until = new Date(outcome.untilMs).toISOString()
      const where = outcome.nodes === 0 ? 'in the outbox' : `with ${counted(outcome.nodes, 'node')}`
      const why = outcome.reason === undefined ? '' : ` (${outcome.reason}: ${REFUSALS[outcome.reason]})`
      return `${isWaitedFor ? 'not stored in time; ' : ''}queued ${where} until ${until}${why}`
    }
    case 'refused':
      return `refused (${outcome.reason}): ${REFUSALS[outcome.reason]}`
    case 'expired':
      return 'expired: its time is over, and nobody is known to have stored it'
  }
}

/** `receipts` are always there, so that a script can count them. */
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
