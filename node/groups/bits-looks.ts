/**
 * When a server looks at its number of bits: every few seconds, and soon after what it goes by has changed, so that a network that grows need not
 * wait for the look. Only splits come soon: who merges as soon as servers are lost, splits again when they come back.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import { estimateServers, nextBits, type SizeReport } from './group-bits.ts'
import type { Links } from './links.ts'
import type { Server } from './place.ts'

/** Changes within this time are looked at together, in ms, give or take a fifth: servers and their words come in crowds. */
const SOON_MS = 250
/** A group is not split while more than this part of it says nothing of groups: such a server takes those that it knows for all there are. */
const MOST_SILENT = 1 / 8

export interface BitsLooksParts<S extends Server> {
  links: Links<S>
  isJoining(): boolean
  setBits(bits: number): void
  /** Says the size of the group to others. */
  report(): void
}

export function createBitsLooks<S extends Server>(
  { timers, random, reportOf }: Pick<GroupContext<S>, 'timers' | 'random' | 'reportOf'>,
  { links, isJoining, setBits, report }: BitsLooksParts<S>,
  settings: Pick<GroupSettings, 'lookMs' | 'splitFloor' | 'mergeFloor'>,
) {
  let endWait: (() => void) | undefined
  let endSoon: (() => void) | undefined
  let isRunning = false
  const around = (ms: number) => ms * (0.8 + 0.4 * random())

  function judge(mayMerge: boolean): void {
    if (!isJoining()) {
      const bits = nextBits(links.bits, estimateServers(reportsOf(links, reportOf)), settings)
      const isRight = bits < links.bits ? mayMerge : bits > links.bits && saysEnough(links.mates(), reportOf)
      if (isRight) setBits(bits)
    }
    report()
  }

  function look(): void {
    endWait = timers.after(around(settings.lookMs), look)
    judge(true)
  }

  /** A server has come, or has said something else of its group. */
  function soon(): void {
    if (!isRunning) return
    endSoon ??= timers.after(around(SOON_MS), () => {
      endSoon = undefined
      judge(false)
    })
  }

  return {
    soon,
    start() {
      isRunning = true
      endWait = timers.after(settings.lookMs * random(), look)
      soon()
    },
    stop() {
      isRunning = false
      endWait?.()
      endSoon?.()
    },
  }
}

/** Of a server's own group, and of one delegate of each other. */
function* reportsOf<S extends Server>(links: Links<S>, reportOf: (server: S) => SizeReport): Generator<SizeReport> {
  yield { bits: links.bits, size: links.mates().length + 1 }
  for (let group = 0; group < links.groupCount; group++) {
    const first = links.group(group)[0]
    if (group !== links.ownGroup && first !== undefined) yield reportOf(first)
  }
}

/** True for a group that may be split. */
function saysEnough<S extends Server>(mates: readonly S[], reportOf: (server: S) => SizeReport): boolean {
  return mates.filter((mate) => reportOf(mate).bits < 0).length <= MOST_SILENT * mates.length
}
