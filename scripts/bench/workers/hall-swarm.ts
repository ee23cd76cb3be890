/** Members of a hall in one process of Node.js: each a whole tab, which has no WebRTC there. */

import { createPeer } from '../../../node/index.ts'
import { enterHall, type HallMember, type HallReading } from '../hall-member.ts'
import { serveCalls } from '../worker.ts'

/** In the order of entering. */
const members: HallMember[] = []

function memberAt(number: number): HallMember {
  const member = members[number]
  if (member === undefined) throw new RangeError(`there is no member ${number} of ${members.length}`)
  return member
}

const calls = {
  /** Resolves with the member's number. */
  async enter({ address }: { address: string }): Promise<number> {
    const peer = await createPeer({ join: [address], content: false, people: { account: { kind: 'guest' } } })
    return members.push(await enterHall(peer)) - 1
  },
  see: ({ number, count }: { number: number; count: number }): Promise<void> => memberAt(number).see(count),
  ask: ({ number }: { number: number }): Promise<HallReading> => memberAt(number).ask(),
}

export type HallWorkerCalls = typeof calls
serveCalls(calls)
