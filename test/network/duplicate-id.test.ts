import type { ConnectionEncrypter, MessageStream, PeerId } from '@libp2p/interface'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createDuplicateIdWatch } from '../../node/network/duplicate-id.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A watched encrypter, whose every handshake finds this peer at the other end. */
async function createWatched(remote?: PeerId) {
  const { peer: peerId } = await createSeededPeer(1)
  const met: string[] = []
  const watch = createDuplicateIdWatch()
  watch.onMet(({ address }) => void met.push(address))
  const secure = async () => ({ remotePeer: remote ?? peerId })
  const create = () => ({ protocol: '/fake', secureInbound: secure, secureOutbound: secure }) as unknown as ConnectionEncrypter
  const encrypter = watch.watch(create)({ peerId })
  const stream = (remoteAddr: string) => ({ remoteAddr }) as unknown as MessageStream
  return {
    met,
    inbound: (address: string) => encrypter.secureInbound(stream(address)),
    outbound: (address: string) => encrypter.secureOutbound(stream(address)),
  }
}

test('duplicate id: one end of a connection without the other is met elsewhere', async () => {
  const { met, inbound, outbound } = await createWatched()
  await inbound('/ip4/192.0.2.1/tcp/1')
  await vi.advanceTimersByTimeAsync(10_000)
  await outbound('/ip4/192.0.2.2/tcp/2/ws')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(met).toEqual(['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/2/ws'])
})

test('duplicate id: a connection to oneself has both ends here, and counts for nothing', async () => {
  const { met, inbound, outbound } = await createWatched()
  await Promise.all([outbound('/ip4/127.0.0.1/tcp/1/ws'), inbound('/ip4/127.0.0.1/tcp/2')])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(met).toEqual([])
})

test('duplicate id: other peers count for nothing', async () => {
  const others = await createWatched((await createSeededPeer(2)).peer)
  await others.inbound('/ip4/192.0.2.1/tcp/1')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(others.met).toEqual([])
})
