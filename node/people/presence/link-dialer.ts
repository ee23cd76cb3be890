/** Opens links: one dial to an instance at a time, however many circles want it, and a bounded number in all. */

import { createSemaphore } from '../../async/semaphore.ts'
import { createSingleFlight } from '../../async/single-flight.ts'
import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import type { Sessions, Topic, WayTarget } from '../way/types.ts'
import type { Link } from './link.ts'
import { type LinkJudge, type Links, proofsIn } from './links.ts'

export const DIALER_DEFAULTS = {
  /** Dials at once. */
  maxLinkDials: 16,
  /** How long a dial may take, in ms. */
  dialMs: 10_000, // on a machine so busy that a handshake takes seconds
  /** How long the other end may take to prove a room, in ms. */
  proveMs: 5_000,
}

/**
 * 'refused': by the other end. 'stranger': it is somebody else, or proves no room. 'left': its home says that it is not there. 'busy': many open
 * links to it, or from here.
 */
export type DialOutcome = 'open' | 'refused' | 'stranger' | 'left' | 'busy' | 'unreachable'

/** Shown in the hello of a dial, besides the identity. */
export interface LinkOffer {
  /** A room by its key in hex: it is proven to the other end, which has to prove it, too. */
  room?: string | undefined
  trust?: Uint8Array | undefined
}

/** Codes that will be the same for long. Any other, as that of too many openings at once, may be over soon. */
const REFUSED: readonly MayflyErrorCode[] = [
  'ERR_REFUSED',
  'ERR_REVOKED',
  'ERR_FORGED',
  'ERR_OTHER_PEER',
  'ERR_EXPIRED',
  'ERR_CLOCK',
  'ERR_BAD_FRAME',
]

export type LinkDialer = ReturnType<typeof createLinkDialer>

export function createLinkDialer(
  { sessions, links, judge }: { sessions: Pick<Sessions, 'open'>; links: Links; judge: LinkJudge },
  options: Partial<typeof DIALER_DEFAULTS> = {},
) {
  const settings = { ...DIALER_DEFAULTS, ...options }
  const places = createSemaphore(settings.maxLinkDials)
  const dials = createSingleFlight<string, DialOutcome>()
  /** Dials that wait until the other end has proven their room. Bounded by the dials of the gatherings. */
  const proving = new Set<{ link: Link; room: string; settle(): void }>()

  async function open(target: WayTarget, { room, trust }: LinkOffer, signal: AbortSignal): Promise<DialOutcome> {
    const { peer } = target
    const told = room === undefined ? [] : [room]
    const isOpen = () => links.get(peer)?.isOpen === true
    if (isOpen()) return 'open'
    try {
      const topic: Topic = { kind: 'link', rooms: judge.prove(told, peer), ...(trust !== undefined && { trust }) }
      const session = await sessions.open(target, topic, { signal, prefer: 'socket', timeoutMs: settings.dialMs })
      // Nothing is awaited from here on: early frames would be lost.
      const rooms = judge.provenBy(proofsIn(session.answered), peer)
      if (signal.aborted || session.remote.peer !== peer || links.refusalOf(session.remote, [...rooms, ...told]) !== undefined) {
        session.close()
        return 'stranger'
      }
      links.adopt(session, rooms, target)
      return 'open'
    } catch (error) {
      return isOpen() ? 'open' : outcomeOf(error)
    }
  }

  function tell(link: Link, room: string): void {
    if (link.told.has(room)) return
    link.told.add(room)
    link.send({ type: 'enter', rooms: judge.prove([room], link.peer) })
  }

  function awaitProof(link: Link, room: string): Promise<void> {
    if (link.proven.has(room)) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = {
        link,
        room,
        settle() {
          clearTimeout(timer)
          proving.delete(waiting)
          resolve()
        },
      }
      const timer = setTimeout(waiting.settle, settings.proveMs)
      proving.add(waiting)
    })
  }

  return {
    /** Proves the room to the other end. */
    tell,
    /** Opens a link, or takes the one that is open. */
    async dial(target: WayTarget, offer: LinkOffer = {}): Promise<DialOutcome> {
      const { room } = offer
      const outcome = await dials
        .run(target.peer, (signal) => places.run(() => open(target, offer, signal), { signal }))
        .catch((): DialOutcome => 'unreachable')
      const link = links.get(target.peer)
      if (outcome !== 'open' || link === undefined || room === undefined) return outcome
      tell(link, room)
      await awaitProof(link, room)
      if (link.proven.has(room)) return 'open'
      link.told.delete(room)
      links.endUnwanted(link)
      return 'stranger'
    },
    /** The instance has proven a room, or its link has ended. */
    onChange(link: Link) {
      for (const each of [...proving]) if (each.link === link && (!link.isOpen || link.proven.has(each.room))) each.settle()
    },
    stop() {
      dials.stop(new MayflyError('ERR_NOT_STARTED', 'This instance went offline'))
      for (const each of [...proving]) each.settle()
    },
  }
}

function outcomeOf(error: unknown): DialOutcome {
  if (!(error instanceof MayflyError)) return 'unreachable'
  if (error.code === 'ERR_LEFT') return 'left'
  if (error.code === 'ERR_LIMIT') return 'busy'
  return REFUSED.includes(error.code) ? 'refused' : 'unreachable'
}
