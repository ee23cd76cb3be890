/** The peer as its users get it: each argument is checked, and taken in any form whose meaning is plain. */

import { MayflyError } from '../errors.ts'
import type { PeerRates } from '../limits.ts'
import { checkRules } from '../messages/index.ts'
import type * as messages from '../messages/types.ts'
import type * as core from '../peer.ts'
import type { ModuleTypes, People } from '../people/types.ts'
import type * as rendezvous from '../rendezvous/types.ts'
import { optional, readFunction, readInteger, readMs, readObject, readOneOrMore, readOptions, readSignal } from './arguments.ts'
import type { ContentStore } from './checked-content.ts'
import { createBoundedJoin, type JoinOptions } from './join.ts'
import type { GivenArgument, Lenient } from './lenient.ts'
import { readAbortOptions, readAddress, readDraft, readEnd, readKey, readSecret } from './values.ts'

export type { ContentStore } from './checked-content.ts'

export type Rendezvous = Lenient<rendezvous.Rendezvous>

export interface Messages extends Omit<Lenient<messages.Messages>, 'post'> {
  /**
   * Signs a message (and seals it, for a hashname), puts it in the outbox, sends it meanwhile, and resolves with what became of it once it is
   * in the outbox. The outbox goes on until it is stored, refused for good, or expired. A message that cannot be written there is sent once;
   * `post` rejects with the store's error then, unless nothing more can become of the message. A draft that is text alone is its body.
   *
   * @throws {MayflyError} ERR_BAD_END, ERR_BAD_MESSAGE (a form or a size), ERR_LIMIT (the outbox is full), ERR_NOT_STARTED, ERR_NO_CRYPTO
   * @throws signal.reason, when aborted
   */
  post(
    end: string,
    draft: messages.MessageDraft | string | Uint8Array,
    options?: GivenArgument<messages.PostOptions>,
  ): Promise<messages.Posted>
}

/** A whole peer. Node.js nodes and browser tabs show the same face. */
export interface Peer<Modules extends ModuleTypes = ModuleTypes>
  extends Omit<core.Peer, 'rendezvous' | 'content' | 'messages' | 'people' | 'join' | 'joined'> {
  readonly rendezvous: Rendezvous
  readonly content: ContentStore
  readonly messages: Messages
  /** Contacts, calls and rooms, of a peer that was made with `people`. @throws {MayflyError} ERR_NO_PEOPLE, of any other */
  readonly people: People<Modules>
  /**
   * Adds addresses to join (a gateway's URL, or a multiaddr) and resolves once one of them, or any other, is connected.
   *
   * @throws {MayflyError} ERR_BAD_OPTION, ERR_NO_NETWORK when the time is over, ERR_ORIGIN when no gateway lets this page in
   * @throws signal.reason, when aborted
   */
  join(addresses: string | URL | readonly (string | URL)[], options?: JoinOptions): Promise<void>
  /**
   * Resolves once this peer is in the overlay: at once for a node that joins nobody.
   *
   * @throws {MayflyError} ERR_NO_NETWORK when the time is over, with the reason; ERR_ORIGIN when no gateway lets this page in; ERR_NOT_STARTED
   * when the peer is stopped first
   * @throws signal.reason, when aborted
   */
  joined(options?: JoinOptions): Promise<void>
}

export interface PeerOptions extends Omit<core.PeerOptions, 'join' | 'announce' | 'messageSecret'> {
  /** Gateway URLs or multiaddrs to join, one or more. They are tried again for as long as the peer runs. */
  join?: string | URL | readonly (string | URL)[]
  /** Multiaddrs to tell others instead of those that are listened on, for a node behind a proxy. */
  announce?: string | readonly string[]
  /** The sender of this peer's messages, 32 bytes or their hex; the key of `privateKey` when left out. */
  messageSecret?: messages.MessageSecret | string
}

const readJoinOptions = readOptions<JoinOptions>({ signal: readSignal, timeoutMs: readMs })
const readAddresses = readOneOrMore(readAddress)
const readRates = readObject<Partial<PeerRates>>({
  messageBurst: readInteger,
  messagesPerSecond: readInteger,
  maxPeerBytesPerSecond: readInteger,
})

type Checks = Awaited<ReturnType<typeof loadChecks>>

/** Loads the checks of the parts that a peer with these options has, and of no others. */
export async function loadChecks({ content = true, people = false, sharing = false }: core.PreloadOptions) {
  const [ofContent, ofPeople, ofSharing] = await Promise.all([
    content ? import('./checked-content.ts') : undefined,
    people === false ? undefined : import('./people.ts'),
    sharing ? import('./checked-sharing.ts') : undefined,
  ])
  return { ...ofContent, ...ofPeople, ...ofSharing }
}

/** The peer with checked arguments. @param joins the addresses that the peer was given to join */
export function checkPeer<Modules extends ModuleTypes>(peer: core.Peer, joins: readonly string[], checks: Checks): Peer<Modules> {
  const addresses = new Set(joins)
  const inJoinTime = createBoundedJoin(peer, addresses)
  const { people, sharing, ...rest } = peer
  const checked: Omit<Peer, 'people'> = {
    ...rest,
    rendezvous: checkRendezvous(peer.rendezvous),
    content: checks.checkContent?.(peer.content) ?? peer.content,
    messages: checkMessages(peer.messages),
    sharing: sharing && checks.checkSharing?.(sharing),
    async join(more, options) {
      const read = readAddresses(more, 'join: addresses')
      for (const address of read) addresses.add(address)
      await inJoinTime((abort) => peer.join(read, abort), readJoinOptions(options, 'join: options'))
    },
    joined: async (options) => inJoinTime(peer.joined, readJoinOptions(options, 'joined: options')),
    setRates: (rates) => peer.setRates(readRates(rates, 'setRates: rates')),
    onEvent: (listener) => peer.onEvent(readFunction(listener, 'onEvent: listener')),
  }
  const own = people && checks.checkPeople?.(people)
  return Object.defineProperty(
    checked,
    'people',
    own === undefined ? { get: refusePeople } : { value: own, enumerable: true },
  ) as Peer<Modules>
}

/** Not enumerable: a peer without people can be copied and looked through. */
function refusePeople(): never {
  throw new MayflyError('ERR_NO_PEOPLE', 'This peer was made without people: give createPeer the option `people: true`')
}

function checkRendezvous(rendezvous: core.Peer['rendezvous']): Rendezvous {
  return {
    hold: (key) => rendezvous.hold(readKey(key, 'rendezvous.hold: key')),
    find: (key, options) => rendezvous.find(readKey(key, 'rendezvous.find: key'), readAbortOptions(options, 'rendezvous.find: options')),
    heldByTabs: (limit) => rendezvous.heldByTabs(readInteger(limit, 'rendezvous.heldByTabs: limit')),
    watch: (key, options) =>
      rendezvous.watch(readKey(key, 'rendezvous.watch: key'), readAbortOptions(options, 'rendezvous.watch: options')),
    watchPeople: (key, options) =>
      rendezvous.watchPeople(readKey(key, 'rendezvous.watchPeople: key'), readAbortOptions(options, 'rendezvous.watchPeople: options')),
  }
}

const readPostOptions = readOptions<messages.PostOptions>({
  signal: readSignal,
  secret: readSecret,
  waitMs: readMs,
  onKept: readFunction,
})
const readTapOptions = readOptions<messages.TapOptions>({
  signal: readSignal,
  rules: checkRules,
  secret: readSecret,
  keep: readFunction,
})

function checkMessages(own: core.Peer['messages']): Messages {
  return {
    hashname: own.hashname,
    post: async (end, draft, options) =>
      own.post(
        readEnd(end, 'messages.post: end').text,
        readDraft(draft, 'messages.post: draft'),
        readPostOptions(options, 'messages.post: options'),
      ),
    tap: (end, options) => own.tap(readEnd(end, 'messages.tap: end').text, readTapOptions(options, 'messages.tap: options')),
    outbox: async (limit) => own.outbox(optional(readInteger)(limit, 'messages.outbox: limit')),
    entry: async (id) => own.entry(readKey(id, 'messages.entry: id')),
    forget: async (id) => own.forget(readKey(id, 'messages.forget: id')),
    onOutbox: (listener) => own.onOutbox(readFunction(listener, 'messages.onOutbox: listener')),
    guests: own.guests,
  }
}
