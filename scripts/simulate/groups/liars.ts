/** Servers of a simulation that lie: they deny what they keep, carry nothing, and name only each other. */

import type { Answer, GroupMessage } from '../../../node/groups/messages.ts'
import type { Server } from '../../../node/groups/place.ts'

export interface Lies {
  /** It says nothing where others deny. */
  isMute: boolean
  /** It names only servers that lie, when it knows one. */
  hidesMembers: boolean
}

/** A server of a simulation that may lie. */
export interface MayLie extends Server {
  lies: Lies | undefined
}

/** @returns true when the liar has dealt with the message */
export function liesInstead<S extends MayLie>(
  from: S,
  liar: S,
  message: GroupMessage<S>,
  send: (message: GroupMessage<S>) => void,
): boolean {
  if (message.type === 'carry' || message.type === 'release' || message.type === 'count') return from !== liar
  if (message.type !== 'question') return false
  const { type } = message.question
  if (type !== 'find' && type !== 'look' && type !== 'keepers') return false
  if (liar.lies?.isMute) return true
  if (type === 'keepers') {
    send({ type: 'answer', turn: message.turn, answer: { type: 'keepers', owning: 3, asked: 3 } })
    return true
  }
  send({ type: 'answer', turn: message.turn, answer: { type: 'found', holders: [], steps: 0, asked: 3, answered: 3 } })
  return true
}

/** @returns the answer that the liar gives instead */
export function lieAbout<S extends MayLie>(message: GroupMessage<S>, { hidesMembers }: Lies): GroupMessage<S> {
  if (!hidesMembers || message.type !== 'answer') return message
  return { ...message, answer: withoutHonest(message.answer) }
}

function withoutHonest<S extends MayLie>(answer: Answer<S>): Answer<S> {
  const onlyLiars = (servers: readonly S[]) => {
    const liars = servers.filter(({ lies }) => lies !== undefined)
    return liars.length > 0 ? liars : servers
  }
  if (answer.type === 'servers') return { ...answer, servers: onlyLiars(answer.servers) }
  return answer
}
