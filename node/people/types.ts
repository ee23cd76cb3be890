/** The face of people: who is there, what they can be asked, and how the account of this peer lives on. */

import type { AbortOptions } from '../types.ts'

/** One tab or node of a person. */
export interface Person {
  /** The account, 52 base32 characters: the SHA-256 of its public key. */
  account: string
  /** This side's name for the account; undefined for a stranger, and for one's own account. */
  alias: string | undefined
  /** The instance: its peer id. */
  instance: string
  relation: 'own' | 'contact' | 'stranger'
}

/** The values of calls, channels and presence states: what JSON has, and bytes. */
export type Value = null | boolean | number | string | Uint8Array | readonly Value[] | { readonly [name: string]: Value }

export type PresenceEvent =
  /** The first instance of a person is there, or the last one has gone. */
  | { type: 'connect'; person: Person }
  | { type: 'disconnect'; person: Person }
  /** One instance is there, or has gone. */
  | { type: 'peerconnect'; person: Person }
  | { type: 'peerdisconnect'; person: Person }
  /** Somebody became a contact. */
  | { type: 'newuser'; account: string; alias: string }
  /** An instance has another presence state. */
  | { type: 'state'; person: Person; state: Value | undefined }

/**
 * The instances that a call is for. `"*"`: everybody who is there, contacts and one's own other instances; in a room its members. `"Us"`: one's own other
 * instances. Else an alias of a contact, an account or an instance id.
 */
export type Query = string

/** The answer of one instance. */
export type Answer<Output = unknown> = { person: Person } & ({ value: Output } | { error: CallError })

export interface CallError {
  code: string
  message: string
  /** The faults that the module's schema found in the input. */
  issues?: readonly InputIssue[]
}

/** One fault of an input. */
export interface InputIssue {
  message: string
  /** The part of the input that it is about. */
  path: readonly (string | number)[]
}

/** The answers of one call, one of each instance, in the order in which they come. Its iteration ends when all have answered or failed. */
export interface Answers<Output = unknown> extends AsyncIterable<Answer<Output>> {
  /** All answers that no iteration has taken, when all have come. */
  settled(): Promise<Answer<Output>[]>
}

export interface CallOptions extends AbortOptions {
  /** How long to wait for an instance's answer, and for the next where it gives several, in ms. */
  timeoutMs?: number
}

/** Modules by name, for types: `People<{ echo: { input: string; output: string } }>`. */
export type ModuleTypes = Record<string, { input: unknown; output: unknown }>

export interface CallContext {
  /** The caller, as proven. */
  readonly caller: Person
  /** Aborted when the caller gives up or leaves, and when the handler's time is over. */
  readonly signal: AbortSignal
}

/** @see https://standardschema.dev (the interface alone: any library that has it will do) */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] }[] }

/** The callers that a module takes. In a room, its members may always. */
export type CallPolicy = 'contacts' | 'own' | 'anyone' | ((caller: Person) => boolean)

export interface ModuleOptions<Input = unknown> {
  policy?: CallPolicy
  /** Checks what a caller sends, before the handler sees it. */
  input?: Schema<Input>
  /** Calls of one caller under way at once. */
  maxCallsPerCaller?: number
  /**
   * Asked about each call that comes so far, before the handler runs: a person may decide. False refuses the call, and its caller hears
   * ERR_REFUSED. The time of the call runs meanwhile, so give it more; `signal` is aborted when there is nobody to answer any more.
   */
  consent?: Consent<Input>
  /** How long one call may take, in ms. */
  timeoutMs?: number
}

export type Consent<Input = unknown> = (input: Input, context: CallContext) => boolean | Promise<boolean>

/** Answers with a value, or with several, one after the other. */
export type Handler<Input, Output> = (
  input: Input,
  context: CallContext,
) => Output | Promise<Output> | AsyncIterable<Output> | Promise<AsyncIterable<Output>>

export interface Target<Modules extends ModuleTypes> {
  /** Asks each instance that the query names now. @throws signal.reason, when aborted: in the iteration and in `settled` */
  message<Name extends keyof Modules & string>(
    module: Name,
    data: Modules[Name]['input'],
    options?: CallOptions,
  ): Answers<Modules[Name]['output']>
}

/** Ordered messages both ways between two instances, with back-pressure, encrypted from end to end. Iterating yields what the other sends. */
export interface Channel extends AsyncIterable<Value> {
  readonly name: string
  readonly person: Person
  /** 'direct': browser to browser. 'socket': a node's own connection. 'relayed': through the homes, until a direct connection opens. */
  readonly way: 'direct' | 'socket' | 'relayed'
  /** Resolves once there is room for more. @throws {MayflyError} ERR_LEFT, ERR_TOO_LARGE */
  send(value: Value): Promise<void>
  /** Sends without waiting; as of a MessagePort, nothing once the channel has ended. @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT when too much waits */
  postMessage(value: Value): void
  onMessage(listener: (value: Value) => void): () => void
  /** Round trip to the other's code and back, in ms. */
  ping(options?: AbortOptions): Promise<number>
  /** Resolves when the channel has ended; with the reason when it was cut. */
  readonly closed: Promise<Error | undefined>
  close(): void
}

/** Those who are there, and what they can be asked: the same for all contacts and for a room. */
export interface Circle<Modules extends ModuleTypes = ModuleTypes> {
  /** Instances that are there now. */
  present(): Person[]
  /** Hears each event; those who are there already come first. Returns the function that ends it. */
  on<Type extends PresenceEvent['type']>(type: Type, listener: (event: Extract<PresenceEvent, { type: Type }>) => void): () => void
  module<Name extends keyof Modules & string>(
    name: Name,
    handler: Handler<Modules[Name]['input'], Modules[Name]['output']>,
    options?: ModuleOptions<Modules[Name]['input']>,
  ): () => void
  get(query: Query): Target<Modules>
  /** @param query names exactly one instance. @throws {MayflyError} ERR_NOBODY, ERR_REFUSED, ERR_NO_MODULE (nobody takes that channel there) */
  channel(query: Query, name: string, options?: AbortOptions): Promise<Channel>
  /** Takes channels that others open. Returns the function that ends it. */
  onChannel(name: string, listener: (channel: Channel) => void, options?: { policy?: CallPolicy }): () => void
  /** Shows a small value to all who are here: at most 2 KiB as JSON. Undefined takes it back. @throws {MayflyError} ERR_TOO_LARGE */
  setState(state: Value | undefined): void
  /** The state that an instance shows. */
  stateOf(instance: string): Value | undefined
}

export interface RoomOptions {
  /** Without it nobody finds, enters or hears the room. */
  password?: string
  /** Decides before a member becomes visible. */
  admit?(person: Person): boolean | Promise<boolean>
}

export interface Room<Modules extends ModuleTypes = ModuleTypes> extends Circle<Modules> {
  readonly name: string
  leave(): Promise<void>
}

export interface Contact {
  /** 52 base32 characters. */
  account: string
  alias: string
  state: 'trusted' | 'blocked'
  addedAtMs: number
}

export interface Token {
  /** 'contact': somebody else. 'device': another place of this account. */
  kind: 'contact' | 'device'
  /** The secret as text; a link carries it behind `#add=`. */
  token: string
  /** Two words and a number, to be said aloud; empty when it was made without. */
  code: string
  expiresAtMs: number
  /** Resolves with the contact when both sides have finished. @throws {MayflyError} ERR_TOKEN_EXPIRED, ERR_TOKEN_BURNT */
  readonly claimed: Promise<Paired>
  cancel(): Promise<void>
}

/** A pairing that both sides have finished. */
export interface Paired {
  account: string
  alias: string
  /** Four words that are the same on both sides, unless somebody stands in the middle. */
  words: string[]
}

export interface TokenOptions extends AbortOptions {
  kind?: Token['kind']
  /** For a device: 'owner' may add and revoke others, and has the recovery words. */
  role?: 'owner' | 'device'
  /** False: there is a link and no code, so that strangers can neither find nor burn it by trying numbers. */
  code?: boolean
}

export interface ClaimOptions extends AbortOptions {
  /** 'device': this place becomes one of the account that gave the token; its guest ends. It has to be said here, whatever the token is for. */
  kind?: Token['kind']
}

export interface Contacts {
  list(): Contact[]
  /** @param alias what this side will call who claims it; for a device, what that place is called */
  requestToken(alias: string, options?: TokenOptions): Promise<Token>
  /**
   * @param token the token, its link, or the code of two words and a number
   * @throws {MayflyError} ERR_TOKEN_UNKNOWN, ERR_TOKEN_USED, ERR_TOKEN_EXPIRED, ERR_TOKEN_BURNT, ERR_TOKEN_WRONG
   */
  claimToken(alias: string, token: string, options?: ClaimOptions): Promise<Paired>
  /** Tokens that wait to be claimed, those of before a restart among them. */
  tokens(): Token[]
  rename(account: string, alias: string): Promise<void>
  remove(account: string): Promise<void>
  block(account: string): Promise<void>
  unblock(account: string): Promise<void>
  onChange(listener: () => void): () => void
}

/** A browser or a node in which an account lives. */
export interface Place {
  /** The SHA-256 of the place's public key, 52 base32 characters. */
  id: string
  name: string
  role: 'owner' | 'device'
  serial: number
  expiresAtMs: number
  isThis: boolean
  isRevoked: boolean
}

export interface Account {
  /** 52 base32 characters: the SHA-256 of the public key, which is the presence key, too. */
  readonly id: string
  readonly publicKey: Uint8Array
  /** False for a guest, which ends with this peer. */
  readonly isKept: boolean
  /** True where the recovery words are. */
  readonly isOwner: boolean
  /** True while no second place is known: when this one is lost, the recovery words alone bring the account back. */
  readonly livesInOnePlaceOnly: boolean
  /** True once the account was forgotten here, by `people.forget` of this tab or of another one of this browser: then it is offline. */
  readonly isForgotten: boolean
  /** The 12 recovery words. @throws {MayflyError} ERR_REFUSED, on a place that is no owner */
  words(): Promise<string[]>
  /** The account, sealed with a pass phrase. */
  exportFile(passPhrase: string): Promise<Uint8Array>
  places(): Place[]
  /** @throws {MayflyError} ERR_REFUSED, on a place that is no owner */
  revoke(place: string): Promise<void>
  onChange(listener: () => void): () => void
}

/** How a peer comes to its account. */
export type AccountChoice =
  /** The account that is kept in the store; when there is none, a new one that is kept, unless `create` is false. */
  | { kind: 'kept'; create?: boolean }
  /** A new one, in memory only. */
  | { kind: 'guest' }
  | { kind: 'words'; words: string }
  | { kind: 'file'; bytes: Uint8Array; passPhrase: string }

export interface People<Modules extends ModuleTypes = ModuleTypes> extends Circle<Modules> {
  /** This instance's id, which is the peer's. */
  readonly id: string
  readonly account: Account
  readonly contacts: Contacts
  /** Goes online: others see this instance, and this one sees them. */
  connect(): Promise<void>
  /** Goes offline; the peer stays in the overlay. */
  disconnect(): Promise<void>
  /** As `disconnect` and `connect`, and the rooms come back, too: for a page that is hidden for long. */
  suspend(): Promise<void>
  resume(): Promise<void>
  /**
   * Forgets the account here, in all tabs: its keys, its contacts and its tokens. It lives on in its other places; without one, its recovery words
   * or its file alone bring it back. This peer's people have ended then, and `stop` follows.
   *
   * @throws {MayflyError} ERR_NOT_STORED: the account is offline, and still stored; it may be called again
   */
  forget(): Promise<void>
  room<RoomModules extends ModuleTypes = Modules>(name: string, options?: RoomOptions): Promise<Room<RoomModules>>
}
