/** Requests about messages to other nodes: how each is asked, and how far its answer is believed. */

import type { PeerId } from '@libp2p/interface'
import { abortable } from '../../async/abort.ts'
import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'
import { type DeliveryProgress, TASK } from '../protocol/wire.ts'
import { progressOfHome, progressOfOwnHome, progressOfRecordNode } from './reported-progress.ts'

/** Takes an answer: called once. Undefined when the node could not be asked, or did not answer the question. */
type AnswerListener = (progress: DeliveryProgress | undefined) => void

export interface NodeRequests {
  /** Asks a home to deliver to its taps. With a rank over 0 the envelope is offered first. */
  copy(home: PeerId, envelope: Envelope, rank: number, onAnswer: AnswerListener): void
  /** Asks a record node to copy the message to the homes of its receivers, and to keep it when it is sealed. */
  record(node: PeerId, envelope: Envelope, rank: number, onAnswer: AnswerListener): void
  /** Asks a tab's own home to route the message. */
  route(home: PeerId, envelope: Envelope, onAnswer: AnswerListener): void
  /**
   * Asks for the public key of a hashname, and checks the answer. Undefined when it is not known, or not told before the signal is aborted.
   *
   * @param isForTab true: a home asks others, too
   */
  publicKey(peer: PeerId, end: Key, isForTab: boolean, signal: AbortSignal): Promise<Uint8Array | undefined>
}

export function createNodeRequests(streams: RequestStreams): NodeRequests {
  function post(
    peer: PeerId,
    { bytes }: Envelope,
    task: (typeof TASK)[keyof typeof TASK],
    rank: number,
    onAnswer: (answer: DeliveryProgress | undefined) => void,
  ): void {
    const forget = streams.request(
      peer,
      (sequence) => ({ type: 'post', sequence, task, rank, envelope: bytes }),
      (answer) => {
        forget()
        onAnswer(answer.type === 'taken' ? answer : undefined)
      },
    )
  }

  const copy: NodeRequests['copy'] = (home, envelope, rank, onAnswer) => {
    const onTaken = (answer: DeliveryProgress | undefined) => onAnswer(answer && progressOfHome(answer))
    if (rank === 0) return post(home, envelope, TASK.copy, 0, onTaken)
    const forget = streams.request(
      home,
      (sequence) => ({ type: 'offer', sequence, id: envelope.id, end: envelope.to }),
      (answer) => {
        forget()
        if (answer.type === 'want') post(home, envelope, TASK.copy, 0, onTaken)
        else onTaken(answer.type === 'taken' ? answer : undefined)
      },
    )
  }

  return {
    copy,
    record: (node, envelope, rank, onAnswer) =>
      post(node, envelope, TASK.record, rank, (answer) => onAnswer(answer && progressOfRecordNode(answer, envelope))),
    route: (home, envelope, onAnswer) =>
      post(home, envelope, TASK.route, 0, (answer) => onAnswer(answer && progressOfOwnHome(answer, envelope))),
    async publicKey(peer, end, isForTab, signal) {
      const asked = abortable<Uint8Array | undefined>(signal, (resolve) =>
        streams.request(
          peer,
          (sequence) => ({ type: 'ask-key', sequence, end, isForTab }),
          (answer) => resolve(answer.type === 'key' ? answer.publicKey : undefined),
        ),
      )
      const publicKey = await asked.catch(() => undefined)
      return publicKey !== undefined && equalBytes(sha256AtOnce(publicKey), end) ? publicKey : undefined
    },
  }
}
