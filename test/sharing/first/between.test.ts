/**
 * The sharer, the gateway or the share goes between the first stage of a receiver and the moment when its own peer is there: it is told at once, what
 * is complete stays, and the rest comes from whoever has it.
 */

import { afterEach, expect, test, vi } from 'vitest'
import { MayflyError } from '../../../node/errors.ts'
import type { FrameStreamOptions } from '../../../node/network/index.ts'
import type { MessageCarrier } from '../../../node/sharing/first/record-way.ts'
import { receiveEarly } from '../../../node/sharing/receiver/early-share.ts'
import type { FetchShape, ReceivedShare, ShareOptions, Sharing } from '../../../node/sharing/types.ts'
import { carryVisit } from '../../helpers/carry-visit.ts'
import { createMemoryPieceStore, type MemoryPieceStore } from '../../helpers/memory-piece-store.ts'
import { createShareWorld, file, untilState } from '../../helpers/share-world.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { type JoinedWays, NO_DIRECT } from '../../helpers/way-network.ts'

const WAIT_MS = 20_000
const ITEMS = [file('a'), file('b')]
const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/**
 * A visitor whose own peer comes when the test lets it.
 *
 * @param isOlder the sharer closes a first stage without a word, as one of 0.13.0
 */
async function openWorld(options?: ShareOptions, isOlder = false) {
  const world = createShareWorld()
  const join = async (...parts: Parameters<typeof world.join>) => {
    const peer = await world.join(...parts)
    ends.push(() => peer.stop())
    return peer
  }
  const sharer = await join('sharer')
  const share = await sharer.share(ITEMS, options)
  await waitFor(() => share.entries.every(({ state }) => state === 'ready'), WAIT_MS, 'its files are read')
  const gateway = await join('gateway')
  const cut = new AbortController()
  const peer = Promise.withResolvers<void>()
  const lists = createLatch()
  let failures = 0
  let isFirstOver = false
  let refusing: Sharing['receive'] | undefined
  const received = receiveEarly(
    share.path,
    { label: 'visitor' },
    {
      openCarrier(id) {
        const carrier = carryVisit(gateway, id, cut.signal)
        const hearEnd: MessageCarrier['onEnd'] = (next) =>
          carrier.onEnd((reason) => {
            next(isOlder ? new MayflyError('ERR_LEFT', 'The sharer has gone') : reason)
            isFirstOver = true
          })
        return { ...carrier, onEnd: hearEnd }
      },
      async openSharing() {
        if (failures-- > 0) throw new Error('its code cannot be loaded')
        await peer.promise
        if (refusing !== undefined) return { receive: refusing }
        return join('visitor', { ways: lists.holdBack(world.network.join('visitor')) })
      },
    },
  )
  ends.push(() => received.close())
  await untilState(received, 'listed')
  return {
    ...{ world, share, sharer, join, received, letListCome: lists.release },
    cutGateway: () => cut.abort(),
    letPeerCome: () => peer.resolve(),
    /** The sharer has met its peer, has ended the first stage, and its list has not come yet. */
    async meetBetween() {
      lists.hold()
      peer.resolve()
      await waitFor(() => lists.welcomes > 0 && isFirstOver, WAIT_MS, 'its peer is welcomed, and the first stage is over')
    },
    /** Its peer receives nothing more. */
    refuse(reason: Error) {
      const receive = vi.fn<Sharing['receive']>().mockImplementation(() => {
        throw reason
      })
      refusing = receive
      return receive
    },
    failToLoad: (times: number) => {
      failures = times
    },
  }
}

/** Holds back what a sharer says after its welcome, from `hold` until `release`. */
function createLatch() {
  let isHeld = false
  let welcomes = 0
  const held: (() => void)[] = []
  const holdFrames = ({ onFrame, ...rest }: FrameStreamOptions): FrameStreamOptions => {
    let frames = 0
    const take: typeof onFrame = (frame) => {
      if (isHeld && frames++ > 0) return void held.push(() => void onFrame(frame))
      onFrame(frame)
      welcomes++
    }
    return { ...rest, onFrame: take }
  }
  return {
    get welcomes() {
      return welcomes
    },
    hold: () => {
      isHeld = true
    },
    release() {
      isHeld = false
      for (const next of held.splice(0)) next()
    },
    holdBack: (own: JoinedWays) => ({
      ...own,
      ...NO_DIRECT,
      async open(...to: Parameters<JoinedWays['open']>) {
        const way = await own.open(...to)
        return { ...way, createFrames: (options: FrameStreamOptions) => way.createFrames(holdFrames(options)) }
      },
    }),
  }
}

/** Another receiver has everything, and helps. */
async function receiveAll(peer: Pick<Sharing, 'receive'>, path: string): Promise<void> {
  const helper = peer.receive(path)
  await untilState(helper, 'listed')
  await helper.take()
  for (const { id } of helper.entries) await helper.fetch(id, async () => createMemoryPieceStore(1))
}

/** Begins to fetch an entry; its store, and whether it waits for somebody who has it. */
function begin(received: ReceivedShare, entry: number) {
  const store: MemoryPieceStore = createMemoryPieceStore(1)
  const waits: boolean[] = []
  const done: Promise<FetchShape> = received.fetch(entry, async () => store, { onWaiting: (isWaiting) => waits.push(isWaiting) })
  done.catch(() => {})
  return { store, waits, done }
}

test('a sharer that leaves is away at once, before the peer is there; what is complete stays, and the rest comes when they are back', async () => {
  const { world, share, sharer, join, received, letPeerCome } = await openWorld()
  await received.take()
  await begin(received, 1).done
  const snapshot = share.snapshot()
  sharer.kill()
  await untilState(received, 'away')
  const second = begin(received, 2)
  expect(second.waits).toEqual([true])
  await expect(received.take([1])).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  letPeerCome()
  await waitFor(() => second.waits.length >= 2, WAIT_MS, 'its peer looks for the rest')
  expect(received.state).toBe('away')
  expect(received.entries).toHaveLength(2)
  const again = await join('sharer again')
  await again.share(ITEMS, { resume: snapshot })
  await second.done
  await untilState(received, 'taken')
  expect(world.haveIt(received.entries[1]?.hash)).toContain('sharer again')
})

test('a sharer that leaves: the rest comes from another receiver, which is counted', async () => {
  const { share, sharer, join, received, letPeerCome } = await openWorld()
  await receiveAll(await join('helper'), share.path)
  await received.take()
  sharer.kill()
  await untilState(received, 'away')
  letPeerCome()
  const { done, store } = begin(received, 2)
  await done
  expect(store.pieces.size).toBe(1)
  await waitFor(() => received.helpers === 1, WAIT_MS, 'the other is counted')
  expect(received.state).toBe('away')
})

test('a sharer that stops properly has left, too, and one that gives no more this way has not', async () => {
  const stopped = await openWorld()
  await stopped.sharer.stop()
  await untilState(stopped.received, 'away')
  const { received, share } = await openWorld()
  const states: string[] = []
  received.onChange(() => states.push(received.state))
  share.dismiss(share.receivers[0]?.id ?? '')
  await waitFor(() => received.state === 'ended', WAIT_MS, 'it is told')
  expect([received.endCode, states.includes('away')]).toEqual(['ERR_SHARE_REFUSED', false])
})

test('a share that ends is over at once, and what nobody else has fails with the reason', async () => {
  const { share, received, letPeerCome } = await openWorld()
  await received.take()
  await begin(received, 1).done
  await share.end()
  await waitFor(() => received.state === 'ended', WAIT_MS, 'it is told')
  expect(received.endCode).toBe('ERR_SHARE_ENDED')
  const { done } = begin(received, 2)
  letPeerCome()
  await expect(done).rejects.toMatchObject({ code: 'ERR_SHARE_ENDED' })
  expect(received.entries).toHaveLength(2)
})

test('a share that ends: the rest comes from another receiver', async () => {
  const { share, join, received, letPeerCome } = await openWorld()
  await receiveAll(await join('helper'), share.path)
  await received.take()
  await share.end()
  await waitFor(() => received.state === 'ended', WAIT_MS, 'it is told')
  letPeerCome()
  await begin(received, 2).done
  expect(received.endCode).toBe('ERR_SHARE_ENDED')
})

test('a share for one that somebody else has taken meanwhile says so when it is taken', async () => {
  const { share, join, received } = await openWorld({ receivers: 1 })
  const quicker = (await join('quicker')).receive(share.path)
  await untilState(quicker, 'listed')
  await quicker.take()
  await expect(received.take()).rejects.toMatchObject({ code: 'ERR_SHARE_USED' })
  expect([received.state, received.endCode]).toEqual(['ended', 'ERR_SHARE_USED'])
})

test('a gateway that goes says nothing of the sharer: they are sought, and found by the peer', async () => {
  const { received, cutGateway, letPeerCome } = await openWorld()
  await received.take()
  cutGateway()
  await untilState(received, 'looking')
  const { done, waits } = begin(received, 2)
  letPeerCome()
  await done
  expect([received.state, waits.includes(true)]).toEqual(['taken', false])
})

test('a peer that cannot be loaded, since the gateway is away, is loaded when that is back', async () => {
  const { received, cutGateway, letPeerCome, failToLoad } = await openWorld()
  failToLoad(2)
  letPeerCome()
  await received.take()
  cutGateway()
  await begin(received, 2).done
  expect(received.state).toBe('taken')
})

test.each([
  ['says so', false],
  ['says nothing as one of 0.13.0', true],
])(
  'a sharer that meets the peer, and %s, is here: the share stays listed, and can be taken before the list of the peer has come',
  async (_, isOlder) => {
    const { received, meetBetween, letListCome } = await openWorld(undefined, isOlder)
    const states = new Set<string>()
    received.onChange(() => states.add(received.state))
    await meetBetween()
    const taking = received.take()
    letListCome()
    await taking
    expect([...states]).toEqual(['listed', 'taken'])
  },
)

test('what was taken stays so while the peer meets the sharer; one that goes before its list has come is away at once', async () => {
  const { sharer, received, meetBetween } = await openWorld()
  await received.take()
  const states = new Set<string>()
  received.onChange(() => states.add(received.state))
  await meetBetween()
  expect([...states]).toEqual(['taken'])
  sharer.kill()
  await untilState(received, 'away')
  expect([...states]).toEqual(['taken', 'away'])
})

test('a sharer that goes between its welcome and its list: what was taken comes from another receiver, before they are back', async () => {
  const { share, sharer, join, received, meetBetween } = await openWorld()
  await receiveAll(await join('helper'), share.path)
  await received.take()
  await meetBetween()
  sharer.kill()
  const { done, store } = begin(received, 2)
  await done
  expect([received.state, store.pieces.size]).toEqual(['away', 1])
})

test('what is taken while the sharer is sought is taken as soon as the peer meets them', async () => {
  const { received, cutGateway, letPeerCome } = await openWorld()
  cutGateway()
  await untilState(received, 'looking')
  const taking = received.take()
  letPeerCome()
  await taking
  expect(received.state).toBe('taken')
})

test('a peer that receives no more shares says so at once: only loading it is tried again', async () => {
  const { received, refuse, letPeerCome } = await openWorld()
  const receive = refuse(new MayflyError('ERR_LIMIT', 'Cannot receive more'))
  await received.take()
  letPeerCome()
  await expect(received.open(1)).rejects.toThrow('Cannot receive more')
  expect(receive).toHaveBeenCalledOnce()
})
