/** Requests about messages to other nodes: how homes are found, how each node is asked, and how far its answer is believed. */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { abortable } from '../../async/abort.ts'
import { equalBytes, sha256AtOnce } from '../../keys/index.ts'
import type { Holder } from '../../rendezvous/types.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { Envelope } from '../format/envelope.ts'
import type { RequestStreams } from '../protocol/request-streams.ts'
import { type DeliveryProgress, TASK, type Task } from '../protocol/wire.ts'
import type { MessageGroups } from './record-nodes.ts'
import { progressOfHome, progressOfOwnHome, progressOfRecordNode } from './reported-progress.ts'

/** Takes an answer: called once. Undefined when the node could not be asked, or did not answer the question. */
type AnswerListener = (progress: DeliveryProgress | undefined) => void

export type NodeRequests = ReturnType<typeof createNodeRequests>

export function createNodeRequests(streams: RequestStreams) {
  function post(peer: PeerId, { bytes }: Envelope, task: Task, rank: number, onAnswer: AnswerListener): void {
    streams.request(
      peer,
      (sequence) => ({ type: 'post', sequence, task, rank, envelope: bytes }),
      (answer) => onAnswer(answer.type === 'taken' ? answer : undefined),
    )
  }

  return {
    /** Asks a home to deliver to its taps. With a rank over 0 the envelope is offered first. */
    copy(home: PeerId, envelope: Envelope, rank: number, onAnswer: AnswerListener) {
      const onTaken: AnswerListener = (answer) => onAnswer(answer && progressOfHome(answer))
      if (rank === 0) return post(home, envelope, TASK.copy, 0, onTaken)
      streams.request(
        home,
        (sequence) => ({ type: 'offer', sequence, id: envelope.id, end: envelope.to }),
        (answer) => {
          if (answer.type === 'want') post(home, envelope, TASK.copy, 0, onTaken)
          else onTaken(answer.type === 'taken' ? answer : undefined)
        },
      )
    },
    /** Asks a record node to copy the message to the homes of its receivers, and to keep it when it is sealed. */
    record: (node: PeerId, envelope: Envelope, rank: number, onAnswer: AnswerListener) =>
      post(node, envelope, TASK.record, rank, (answer) => onAnswer(answer && progressOfRecordNode(answer, envelope))),
    /** Asks a tab's own home to route the message. */
    route: (home: PeerId, envelope: Envelope, onAnswer: AnswerListener) =>
      post(home, envelope, TASK.route, 0, (answer) => onAnswer(answer && progressOfOwnHome(answer, envelope))),
    /**
     * Asks for the public key of a hashname, and checks the answer. Undefined when it is not known, or not told before the signal is aborted.
     *
     * @param isForTab true: a home asks others, too
     */
    async publicKey(peer: PeerId, end: Key, isForTab: boolean, signal: AbortSignal) {
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

/** The part of presence that routing uses; handed in, since presence is another folder's service. */
export interface RouterPresence {
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  homesHolding(key: Key): string[]
  isTab(peer: string): boolean
  /** A node's, whose network may have groups. */
  readonly elsewhere?: MessageGroups | undefined
}

/** Homes that one search asks. */
const MAX_SEARCHED_HOMES = 16

/**
 * Searches the whole network for the homes of an end's holders, for when its record nodes know none, or lie. Yields each home once, as it is
 * found. A search that fails, or is aborted, just ends.
 *
 * @param asked homes that need not be asked; those that are yielded are added
 */
export async function* searchHomes(
  presence: Pick<RouterPresence, 'find'>,
  end: Key,
  asked: Set<string>,
  signal: AbortSignal,
): AsyncGenerator<PeerId, void> {
  try {
    for await (const { home, signed } of presence.find(end, { signal })) {
      if (asked.size > MAX_SEARCHED_HOMES) return
      if (!signed || asked.has(home)) continue
      asked.add(home)
      yield peerIdFromString(home)
    }
  } catch {
    // Aborted, or nobody could be asked: there are no more homes.
  }
}
