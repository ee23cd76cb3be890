/** People put together for one peer: its account, the sessions to others, presence, calls, contacts and rooms. */

import { MayflyError } from '../errors.ts'
import { equalBytes } from '../keys/key.ts'
import type { Clock } from '../network/index.ts'
import type { Rendezvous } from '../rendezvous/types.ts'
import type { OwnAccount } from './account/account.ts'
import { isAccountKept } from './account/account-record.ts'
import { openContactsBook } from './account/contacts.ts'
import { openAccount } from './account/open-account.ts'
import type { RecordStore } from './account/record-store.ts'
import { createMemoryAccountStore } from './account/store.ts'
import { createAccountBook } from './account-book.ts'
import { createCalls } from './calls/calls.ts'
import { createIdentityVerifier, type IdentityProof } from './format/identity.ts'
import { createPairing } from './pairing/pairing.ts'
import { createPairingAccount } from './pairing-account.ts'
import type { PeopleOptions } from './people-options.ts'
import { createPresence } from './presence/presence.ts'
import type { PresenceRendezvous } from './presence/types.ts'
import { resolveQuery } from './rooms/query.ts'
import { enterRoom } from './rooms/room.ts'
import { cleanRoomName, createRoomSecret, ROOM_LIMITS } from './rooms/room-secret.ts'
import type { ModuleTypes, People, Room, RoomOptions } from './types.ts'
import { createSessions } from './way/sessions.ts'
import type { Sessions, Ways } from './way/types.ts'

export interface PeopleParts {
  /** This instance's peer id. */
  self: string
  ways: Ways
  rendezvous: PresenceRendezvous & Pick<Rendezvous, 'watch'>
  clock: Pick<Clock, 'now' | 'times' | 'monotonic' | 'onWake'> & { random(): number }
  /** A handler of a module failed. */
  onModuleError(module: string, error: unknown): void
}

export interface PeopleService extends People {
  /** Keeps what belongs to the account at this place. */
  readonly store: RecordStore
  /** Takes sessions of others, for open tokens among them; nobody is shown before `connect`. */
  start(): Promise<void>
  stop(): Promise<void>
}

export async function createPeople(parts: PeopleParts, options: PeopleOptions): Promise<PeopleService> {
  const { self, ways, rendezvous, clock } = parts
  const { store: kept = createMemoryAccountStore(), account: choice = { kind: 'kept' }, placeName, stretch } = options
  const account = await openAccount(kept, choice, {
    now: clock.now,
    ...(placeName !== undefined && { placeName }),
    ...(stretch && { stretch }),
  })
  const { store } = account
  const contacts = await openContactsBook({ store, now: clock.now })
  const verify = createVerifier(clock, account)
  const sessions = createSessions({ ways, identity: () => account.identityFor(self), verify })
  const ticking = { now: clock.monotonic, random: clock.random }
  const presence = createPresence({ self, rendezvous, sessions, book: createAccountBook(account, contacts), clock: ticking })
  let state: 'new' | 'offline' | 'online' | 'suspended' | 'stopped' = 'new'
  const calls = createCalls({
    sessions: whileOnline(sessions, () => state === 'online'),
    ways,
    targetOf: presence.targetOf,
    personOf: presence.personOf,
    onError: parts.onModuleError,
    ...ticking,
  })
  const scope = calls.scope<ModuleTypes>({
    resolve: (query) => resolveQuery(query, { present: presence.circle.present(), contacts: contacts.list }),
  })
  const keepsAccount = choice.kind !== 'guest' || (await isAccountKept(kept))
  const pairing = await createPairing({
    account: createPairingAccount({ self, account, verify, kept, keepsAccount }),
    book: contacts,
    store,
    ways,
    rendezvous,
    now: clock.now,
  })
  /** Bounded: ROOM_LIMITS.maxRooms. */
  const rooms = new Set<Room>()
  const ends = [presence.onGone(calls.peerLeft), clock.onWake(presence.check), account.onChange(leaveWhenForgotten)]

  function goOnline(): void {
    if (state === 'new' || state === 'stopped') throw new MayflyError('ERR_NOT_STARTED', 'Cannot connect: the peer is not running')
    if (account.isForgotten) throw new MayflyError('ERR_NOT_STARTED', 'Cannot connect: the account was forgotten here')
    if (state !== 'online') presence.start()
    state = 'online'
  }

  function goOffline(next: 'offline' | 'suspended'): void {
    if (state === 'online') presence.stop()
    if (state === 'online' || state === 'suspended') state = next
  }

  /** Another tab of this browser has forgotten the account. */
  function leaveWhenForgotten(): void {
    if (account.isForgotten) void disconnect()
  }

  async function room(given: string, { password, admit }: RoomOptions = {}): Promise<Room> {
    const name = cleanRoomName(given)
    const secret = await createRoomSecret(name, password, stretch)
    const what = `Cannot enter the room ${JSON.stringify(name)}`
    if (state !== 'online') throw new MayflyError('ERR_NOT_STARTED', `${what}: call people.connect() first`)
    if (rooms.size >= ROOM_LIMITS.maxRooms)
      throw new MayflyError('ERR_LIMIT', `${what}: this peer is in the limit of ${ROOM_LIMITS.maxRooms}`)
    const onLeft = () => void rooms.delete(entered)
    const entered: Room = enterRoom({ self, presence, calls, contacts: contacts.list }, { name, secret, admit, onLeft })
    rooms.add(entered)
    return entered
  }

  async function disconnect(): Promise<void> {
    await Promise.all([...rooms].map((each) => each.leave()))
    goOffline('offline')
  }

  async function endAll(): Promise<void> {
    await disconnect()
    state = 'stopped'
    for (const end of ends) end()
    calls.stop()
    await pairing.close()
    sessions.stop()
    contacts.close()
    account.close()
  }
  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= endAll()
    return ending
  }

  return {
    ...presence.circle,
    ...scope,
    id: self,
    store,
    account,
    contacts: { ...contacts, requestToken: pairing.requestToken, claimToken: pairing.claimToken, tokens: pairing.tokens },
    connect: async () => goOnline(),
    disconnect,
    suspend: async () => goOffline('suspended'),
    resume: async () => goOnline(),
    room: room as People['room'],
    async start() {
      state = 'offline'
      sessions.start()
      await pairing.start()
    },
    async stop() {
      await end()
      await Promise.all([store.close(), kept.close()])
    },
    async forget() {
      await end()
      await store.clear()
    },
  }
}

/** Checks what other ends show, by the network's time and by what is known to be revoked. */
function createVerifier({ times }: PeopleParts['clock'], { publicKey, revocations, renewPlace }: OwnAccount) {
  const verify = createIdentityVerifier()
  return (proof: IdentityProof, peer: string) => {
    const verified = verify(proof, { peer, times: times(), isRevoked: revocations.isRevoked })
    const { identity } = verified
    // Another place of this account: a device cannot renew its own certificate. It is renewed when they next meet, if it is not now.
    if (identity !== undefined && equalBytes(identity.account, publicKey)) renewPlace(identity.place).catch(() => {})
    return verified
  }
}

/** Nobody calls an instance that is not online. */
function whileOnline({ open, handle }: Sessions, isOnline: () => boolean): Sessions {
  const offline = { code: 'ERR_REFUSED', text: 'This instance is not online' }
  return { open, handle: (kind, accept, onSession) => handle(kind, (...who) => (isOnline() ? accept(...who) : offline), onSession) }
}
