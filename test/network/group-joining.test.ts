import type { PeerId } from '@libp2p/interface'
import { beforeAll, expect, test } from 'vitest'
import type { SizeReport } from '../../node/groups/group-bits.ts'
import { createLinks } from '../../node/groups/links.ts'
import type { Answer, Question } from '../../node/groups/messages.ts'
import { createQuestions } from '../../node/groups/questions.ts'
import { createGroupJoining } from '../../node/network/group-joining.ts'
import { type GroupPeer, groupPeer } from '../../node/network/group-streams.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

const JOINING_MS = 15_000

let peers: GroupPeer[]
beforeAll(async () => {
  peers = await Promise.all(Array.from({ length: 6 }, async (_, i) => groupPeer((await createSeededPeer(i + 1)).peer)))
})
const at = (index: number) => peers[index] as GroupPeer

/** A server whose links, reports and dials are the test's. @param answerOf what a server answers, or undefined for one that is silent */
function createJoiner(answerOf: (to: GroupPeer, question: Question) => Answer<GroupPeer> | undefined, dialledBy: PeerId[] = []) {
  const { timers: virtual, passAtOnce } = createVirtualTime()
  let waits = 0
  /** Counts those that nobody has ended. */
  const timers = {
    ...virtual,
    after(ms: number, work: () => void) {
      let isOver = false
      const end = () => {
        if (!isOver) waits--
        isOver = true
      }
      waits++
      const cancel = virtual.after(ms, () => {
        end()
        work()
      })
      return () => {
        end()
        cancel()
      }
    },
  }
  const reports = new Map<string, SizeReport>()
  const reportOf = ({ id }: GroupPeer) => reports.get(id) ?? { bits: -1, size: 1 }
  const links = createLinks(at(0), reportOf)
  const asked: string[] = []
  const dialled: string[] = []
  /** By number: a dial of it fails at once, and is tried again and again. */
  const refusing = new Set<number>()
  const heard: string[] = []
  const questions = createQuestions<GroupPeer>(
    {
      timers,
      send(to, message) {
        if (message.type !== 'question') return
        asked.push(`${message.question.type} ${peers.indexOf(to)}`)
        const answer = answerOf(to, message.question)
        if (answer !== undefined) virtual.after(1, () => questions.onAnswer(to, message.turn, answer))
      },
    },
    3_000,
  )
  const joining = createGroupJoining(
    {
      ...{ links, questions, timers, reportOf },
      want(server, end, terms) {
        const number = peers.findIndex(({ id }) => id === server.id)
        if (!links.has(server)) dialled.push(`${number}`)
        if (!refusing.has(number)) end?.(true)
        else if (terms?.isBrief) end?.(false)
      },
      isDialled: (peer) => !dialledBy.includes(peer),
      onBits: (bits) => links.setBits(bits),
      onEnd: (isIn) => heard.push(isIn ? 'in' : 'failed'),
    },
    JOINING_MS,
  )
  return {
    ...{ joining, questions, asked, dialled, refusing, heard, pass: passAtOnce, waits: () => waits },
    link(index: number, report?: SizeReport) {
      links.add(at(index))
      if (report !== undefined) reports.set(at(index).id, report)
      joining.onLinks()
    },
  }
}

const group = (part: Partial<Answer<GroupPeer> & { type: 'group' }>): Answer<GroupPeer> => ({
  ...{ type: 'group', bits: 0, isWhole: false, size: 0, servers: [], delegates: [] },
  ...part,
})
/** As it comes from the wire: another object than the link. */
const named = (...indexes: number[]) => indexes.map((index) => ({ ...at(index) }))

test('group joining: the entrance names one that is near, that one the group; the joiner is in when it is linked to all of it', () => {
  const joiner = createJoiner((_, { type }) =>
    type === 'join' ? group({ servers: named(2), delegates: [] }) : group({ isWhole: true, size: 5, servers: named(0, 2, 3, 4) }),
  )
  joiner.link(1)
  expect(joiner.asked, 'its entrance has said nothing of groups yet').toEqual([])
  joiner.link(1, { bits: 0, size: 4 })
  joiner.pass(5)
  expect([joiner.asked, joiner.dialled]).toEqual([['join 1'], ['2']])
  joiner.link(2)
  joiner.pass(5)
  expect([joiner.asked.slice(0, 2), joiner.dialled.toSorted()]).toEqual([
    ['join 1', 'mates 2'],
    ['2', '3', '4'],
  ])
  joiner.link(3)
  expect([joiner.joining.isJoining, joiner.heard]).toEqual([true, []])
  joiner.link(4)
  expect([joiner.joining.isJoining, joiner.heard]).toEqual([false, ['in']])
})

test('group joining: the first server of a network is in its group once it was dialled, and says so before others can be', () => {
  const first = createJoiner(() => undefined, [at(1).peer])
  first.link(1)
  first.pass(1_500)
  expect([first.joining.isJoining, first.heard, first.asked]).toEqual([false, ['in'], []])
  first.link(1, { bits: 0, size: 2 })
  expect([first.joining.isJoining, first.asked], 'the other one knows no more').toEqual([false, []])
})

test('group joining: a first server that starts again, and is dialled by those that are left, joins through them', () => {
  const again = createJoiner((_, { type }) => (type === 'join' ? group({ bits: 1, servers: named(1) }) : undefined), [at(1).peer])
  again.link(1)
  again.pass(1_500)
  again.link(1, { bits: 1, size: 20 })
  expect([again.joining.isJoining, again.asked]).toEqual([true, ['join 1']])
})

test('group joining: an entrance that does not answer is not waited for: another one is asked, and others are dialled meanwhile', () => {
  const joiner = createJoiner((to, { type }) => {
    if (peers.indexOf(to) === 1) return undefined
    return type === 'join' ? group({ servers: named(2) }) : group({ isWhole: true, size: 3, servers: named(1, 2) })
  })
  joiner.link(1, { bits: 0, size: 2 })
  expect(joiner.joining.isLed).toBe(true)
  joiner.link(2, { bits: 0, size: 2 })
  joiner.pass(3_100)
  expect([joiner.joining.isLed, joiner.heard]).toEqual([false, ['failed']])
  joiner.pass(400)
  expect(joiner.asked).toEqual(['join 1', 'join 2', 'mates 2'])
  expect([joiner.joining.isJoining, joiner.heard]).toEqual([false, ['failed', 'in']])
})

test('group joining: servers that refuse the dial are not waited for, neither the one to ask nor the others of the group', () => {
  const joiner = createJoiner((_, { type }) =>
    type === 'join' ? group({ servers: named(2, 3) }) : group({ isWhole: true, size: 4, servers: named(3, 4, 5) }),
  )
  for (const gone of [2, 4, 5]) joiner.refusing.add(gone)
  joiner.link(1, { bits: 0, size: 4 })
  joiner.pass(5)
  expect(joiner.dialled).toEqual(['2', '3'])
  joiner.link(3)
  joiner.pass(100)
  expect([joiner.asked, joiner.heard]).toEqual([['join 1', 'mates 3'], ['in']])
})

test('group joining: one that is told nothing, or of servers that are not there, is in its group after a time', () => {
  const joiner = createJoiner((_, { type }) => (type === 'join' ? group({ servers: named(3, 4) }) : undefined))
  joiner.link(1, { bits: 0, size: 9 })
  joiner.pass(JOINING_MS - 100)
  expect(joiner.joining.isJoining).toBe(true)
  joiner.pass(200)
  expect([joiner.joining.isJoining, joiner.heard.at(-1)]).toEqual([false, 'in'])
  const { length } = joiner.asked
  joiner.pass(60_000)
  expect(joiner.asked).toHaveLength(length)
})

test('group joining: one that stops dials nobody more, hears nothing and waits for nothing, whatever it was waiting for', () => {
  for (const lastMs of [0, 5, 3_100, 6_200]) {
    const joiner = createJoiner((to, { type }) => {
      if (type === 'join') return group({ servers: named(2, 3, 4, 5) })
      return peers.indexOf(to) === 1 ? undefined : group({ isWhole: true, size: 5, servers: named(0, 2, 3, 4) })
    })
    joiner.link(1, { bits: 0, size: 4 })
    joiner.pass(lastMs)
    const before = { dialled: [...joiner.dialled], heard: [...joiner.heard] }
    joiner.joining.stop()
    joiner.questions.stop()
    expect([joiner.waits(), joiner.dialled, joiner.heard], `after ${lastMs} ms`).toEqual([0, before.dialled, before.heard])
  }
})
