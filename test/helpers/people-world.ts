/** People of one process in memory: real accounts, sessions, presence, calls and rooms, over ways and a rendezvous that need no network. */

import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createEmitter } from '../../node/async/emitter.ts'
import { MayflyError } from '../../node/errors.ts'
import { encodeKeyHex } from '../../node/keys/index.ts'
import { createFrameStream } from '../../node/network/index.ts'
import { createPeople, type PeopleParts, type PeopleService } from '../../node/people/people.ts'
import type { PeopleOptions } from '../../node/people/people-options.ts'
import type { Way, Ways } from '../../node/people/way/types.ts'
import { createMuxedStreams, type MuxedStreams } from './muxed-streams.ts'
import { NO_DIRECT } from './way-network.ts'

export interface WorldPerson {
  id: string
  people: PeopleService
  /** Errors of its modules. */
  failures: [module: string, error: unknown][]
}

export interface PeopleWorld {
  /** A person whose peer runs; not online yet. */
  add(options?: PeopleOptions): Promise<WorldPerson>
  stop(): Promise<void>
}

export function createPeopleWorld(): PeopleWorld {
  const handlers = new Map<string, Map<string, (way: Way) => void>>()
  const joined: MuxedStreams[] = []
  const rendezvous = createRendezvous()
  const persons: WorldPerson[] = []

  function createWays(self: string): Ways {
    const own = new Map<string, (way: Way) => void>()
    handlers.set(self, own)
    return {
      async open({ peer }, protocol) {
        const onWay = handlers.get(peer)?.get(protocol)
        if (onWay === undefined) throw new MayflyError('ERR_UNAVAILABLE', `${peer} is not there`)
        const muxed = createMuxedStreams()
        joined.push(muxed)
        const [here, there] = await muxed.open()
        onWay(createWay(there, self, 'inbound', protocol))
        return createWay(here, peer, 'outbound', protocol)
      },
      handle(protocol, onWay) {
        own.set(protocol, onWay)
        return () => void own.delete(protocol)
      },
      hasDirect: () => false,
      ...NO_DIRECT,
      onDirect: () => () => {},
    }
  }

  return {
    async add(options = { account: { kind: 'guest' } }) {
      const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
      const failures: WorldPerson['failures'] = []
      const wakes = createEmitter<void>()
      const clock = { now: Date.now, times: () => [Date.now()], monotonic: () => performance.now(), onWake: wakes.on, random: Math.random }
      const parts: PeopleParts = {
        self: id,
        ways: createWays(id),
        rendezvous: rendezvous.join(id),
        clock,
        onModuleError: (...failure) => failures.push(failure),
      }
      const people = await createPeople(parts, options)
      await people.start()
      const person = { id, people, failures }
      persons.push(person)
      return person
    },
    async stop() {
      await Promise.all(persons.map(({ people }) => people.stop()))
      for (const muxed of joined) muxed.abort()
    },
  }
}

function createWay(stream: Parameters<typeof createFrameStream>[0], peer: string, direction: Way['direction'], protocol: string): Way {
  return {
    peer,
    kind: 'socket',
    direction,
    protocol,
    createFrames: (options) => createFrameStream(stream, options),
    abort: (reason) => stream.abort(reason),
  }
}

function createRendezvous() {
  /** Hex of a key → its holders. */
  const holders = new Map<string, Set<string>>()
  const changes = createEmitter<string>()
  const holdersOf = (hex: string) => holders.get(hex) ?? new Set()
  return {
    join(self: string): PeopleParts['rendezvous'] {
      return {
        hold(key) {
          const hex = encodeKeyHex(key)
          holders.set(hex, holdersOf(hex).add(self))
          changes.emit(hex)
          return {
            key,
            announced: Promise.resolve(),
            async release() {
              holdersOf(hex).delete(self)
              changes.emit(hex)
            },
          }
        },
        async *find(key) {
          for (const peer of [...holdersOf(encodeKeyHex(key))])
            yield { peer, home: peer, addresses: [], expiresAtMs: Number.MAX_SAFE_INTEGER, signed: true }
        },
        async *watch() {},
        onCount(key, listener) {
          const hex = encodeKeyHex(key)
          const tell = () => listener(holdersOf(hex).size, true)
          queueMicrotask(tell)
          return changes.on((changed) => {
            if (changed === hex) queueMicrotask(tell)
          })
        },
        where: () => ({ home: self, addresses: [] }),
        onHome: () => () => {},
      }
    },
  }
}
