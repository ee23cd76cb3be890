/** The questions of a live server about others, and its answers to theirs: modules of node/groups over the groups protocol. */

import type { Timers } from '../async/timers.ts'
import type { GroupSettings } from '../groups/context.ts'
import type { SizeReport } from '../groups/group-bits.ts'
import { createIntroductions } from '../groups/introductions.ts'
import type { Links } from '../groups/links.ts'
import { createNearestServers } from '../groups/nearest-servers.ts'
import { createQuestions } from '../groups/questions.ts'
import { createServerAnswers } from '../groups/server-answers.ts'
import { createGroupStreams, type GroupPeer, type GroupStreamsContext, type GroupStreamsOptions } from './group-streams.ts'

/** How long an answer is waited for, in ms: longer than in a simulation, since the answerer may have to be dialled. */
const ANSWER_MS = 3_000
/** The same for a question that a find waits for, in ms: the answerer may ask another in turn. */
const NEAREST_MS = 500

export interface GroupQuestionsContext extends Pick<GroupStreamsContext, 'libp2p' | 'recordOf' | 'openRecord'> {
  self: GroupPeer
  timers: Timers
  random(): number
  links: Links<GroupPeer>
  /** This server forms no groups. */
  isAlone: boolean
  isJoining(): boolean
  /** By its last word. */
  reportOf(server: GroupPeer): SizeReport
  /** May the link to it be closed? */
  isSpare(from: GroupPeer): boolean
}

export function createGroupQuestions(context: GroupQuestionsContext, settings: GroupSettings & GroupStreamsOptions) {
  const { self, timers, random, links, isAlone, isJoining, isSpare } = context
  const streams = createGroupStreams(
    {
      ...context,
      linkOf: links.get,
      answer(from, question, reply) {
        // A server that forms no groups takes all that it knows for one: nobody is to join by that.
        if (isAlone && (question.type === 'join' || question.type === 'mates')) reply({ type: 'servers', servers: [] })
        else answer(from, question, reply)
      },
      onAnswer: (from, turn, given) => questions.onAnswer(from, turn, given),
    },
    settings,
    timers,
  )
  const questions = createQuestions<GroupPeer>({ timers, send: streams.send }, ANSWER_MS)
  const introductions = createIntroductions<GroupPeer>(context, links, questions, settings, isJoining)
  const nearest = createNearestServers<GroupPeer>({ self, random }, { links, questions }, { ...settings, answerMs: NEAREST_MS })
  const answer = createServerAnswers<GroupPeer>({ links, introductions, nearest, isSpare })
  return { streams, questions, nearest }
}
