/** Both ends of a presence stream in memory: the answering end is real, the opening end is the test's, frame by frame. */

import type { Connection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { onTestFinished } from 'vitest'
import { createSemaphore, type Semaphore } from '../../node/async/semaphore.ts'
import type { Key, PeerLimits } from '../../node/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { createClock, decodeFrame, encodeFrame, type Frame } from '../../node/network/index.ts'
import type { Lease } from '../../node/rendezvous/lease.ts'
import type { BesideLease } from '../../node/rendezvous/presence-stream.ts'
import { createRecordStore, type RecordStore } from '../../node/rendezvous/record-store.ts'
import type { ServedDirectory } from '../../node/rendezvous/served-directory.ts'
import {
  type ServedGroups,
  type ServedStream,
  type ServedStreamContext,
  type ServedStreamOptions,
  serveStream,
} from '../../node/rendezvous/served-stream.ts'
import type { HomeService } from '../../node/rendezvous/types.ts'
import { encodePresence } from '../../node/rendezvous/wire.ts'
import type { PeerAddresses, PresenceFrame } from '../../node/rendezvous/wire-frames.ts'
import { createRawStream, PRESENCE_CODEC } from './raw-stream.ts'
import type { SeededPeer } from './seeded-peer.ts'

export interface PresenceStream {
  served: ServedStream
  store: RecordStore
  send(frame: PresenceFrame): void
  sendRaw(frame: Frame): void
  received: PresenceFrame[]
  /** The next frame of the type that was not yet waited for. */
  next<T extends PresenceFrame['type']>(type: T): Promise<Extract<PresenceFrame, { type: T }>>
  /** Resolves when the answerer has taken all that was sent. */
  settled(): Promise<void>
  close(): void
  readonly open: boolean
  announced: Lease[]
  /** Their unsigned company. */
  beside: BesideLease[]
  withdrawn: { key: Key; holder: string }[]
  /** Roles in the hellos that were taken. */
  roles: string[]
  refusals: string[]
  /** Whether the whole connection was ended. */
  readonly aborted: boolean
}

export interface PresenceStreamOptions extends Partial<Omit<ServedStreamOptions, 'limits'>> {
  limits?: Partial<PeerLimits>
  /** Left out: a hello of a tab comes first. */
  hello?: 'tab' | 'node' | 'none'
  answersProbes?: boolean
  /** Other servers, for the welcome: signed, and not. */
  records?: Uint8Array[]
  servers?: PeerAddresses[]
  /** Kept here: what tells openers of servers that come later. */
  tellers?: ((records: Uint8Array[]) => void)[]
  store?: RecordStore
  /** Replaces what the home does in the overlay. */
  service?: Partial<Pick<HomeService, 'find' | 'watch'>>
  /** Without it everything is given beside answers. */
  giveNow?: ServedStreamContext['shared']['giveNow']
  /** How many watches all streams may have. */
  watchPlaces?: Semaphore
  /** Where servers form groups. */
  groups?: ServedGroups
  /** The streams that have told of a holder last, of one server. */
  owners?: ServedStreamContext['shared']['tellers']
}

export async function openPresenceStream(
  self: SeededPeer,
  remote: SeededPeer,
  options: PresenceStreamOptions = {},
): Promise<PresenceStream> {
  const [outbound, inbound] = await streamPair({ delay: 0 })
  const limits = { ...NODE_LIMITS, ...options.limits }
  const store = options.store ?? createRecordStore(limits, Date.now, Math.random)
  const announced: Lease[] = []
  const beside: BesideLease[] = []
  const withdrawn: { key: Key; holder: string }[] = []
  const roles: string[] = []
  const refusals: string[] = []
  const ended = Promise.withResolvers<void>()
  let aborted = false
  const connection = {
    remotePeer: remote.peer,
    abort() {
      aborted = true
    },
  } as unknown as Connection
  const served = serveStream(
    inbound,
    connection,
    {
      self: self.id,
      store,
      directory: {
        own: () => [],
        servers: () => (options.servers ?? []) as ReturnType<ServedDirectory['servers']>,
        greet(_peer, tell) {
          const { records = [], tellers } = options
          if (tell !== undefined) tellers?.push(tell)
          return { records, end: () => void (tell !== undefined && tellers?.splice(tellers.indexOf(tell), 1)) }
        },
        homes: async () => [],
        takeHomes: async () => {},
      },
      service: {
        async announce(lease, unsigned) {
          announced.push(lease)
          beside.push(unsigned)
        },
        withdraw: (key, holder) => withdrawn.push({ key, holder }),
        find: async () => [],
        watch: () => () => {},
        ...options.service,
      },
      groups: options.groups,
      shared: {
        watchPlaces: options.watchPlaces ?? createSemaphore(limits.maxWatches),
        tellers: options.owners ?? new Map(),
        giveNow: options.giveNow ?? (() => true),
      },
      clock: createClock(),
      listener: {
        onHello: (_served, { role }) => roles.push(role),
        onEnd: () => ended.resolve(),
        onRefused: (_peer, reason) => refusals.push(reason),
      },
    },
    { silentMs: 60_000, graceMs: 50, pushEveryMs: 20, lease: {}, ...options, limits },
  )
  const { frames, received, next } = createRawStream(outbound, PRESENCE_CODEC)
  // Its timers must not run on in the tests that follow in the same process.
  onTestFinished(async () => {
    frames.close()
    await ended.promise
  })
  const send = (frame: PresenceFrame) => void frames.send(decodeFrame(encodeFrame(encodePresence(frame))))
  const role = options.hello ?? 'tab'
  if (role !== 'none') {
    send({ type: 'hello', role, addresses: [], answersProbes: options.answersProbes ?? false })
    await next('welcome')
  }
  return {
    served,
    store,
    send,
    sendRaw: (frame) => void frames.send(frame),
    received,
    next,
    async settled() {
      send({ type: 'hold', sequence: 0, leases: [] })
      await next('held')
    },
    close: () => frames.close(),
    get open() {
      return frames.open
    },
    announced,
    beside,
    withdrawn,
    roles,
    refusals,
    get aborted() {
      return aborted
    },
  }
}
