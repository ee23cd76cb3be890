/** People as users of the library get them: with checked arguments. */

import type * as people from '../people/types.ts'
import {
  type Read,
  readBoolean,
  readFunction,
  readInteger,
  readMs,
  readOneOf,
  readOptions,
  readSignal,
  readText,
  refuse,
} from './arguments.ts'
import { readAbortOptions, readSecretText } from './values.ts'

const readEventType = readOneOf<people.PresenceEvent['type']>('connect', 'disconnect', 'peerconnect', 'peerdisconnect', 'newuser', 'state')
const readWords = readOneOf('contacts', 'own', 'anyone')
const readPolicy: Read<people.CallPolicy> = (value, what) =>
  typeof value === 'function' ? (value as people.CallPolicy) : readWords(value, what)

/** An object, or a function as arktype's, that has the interface of Standard Schema. */
const readSchema: Read<people.Schema> = (value, what) => {
  const standard = (Object(value) as Partial<people.Schema>)['~standard']
  if (standard?.version === 1 && typeof standard.validate === 'function') return value as people.Schema
  throw refuse(what, 'a schema of a library that has the Standard Schema interface (zod, valibot, arktype …)', value)
}

const readModuleOptions = readOptions<people.ModuleOptions>({
  policy: readPolicy,
  input: readSchema,
  maxCallsPerCaller: readInteger,
  consent: readFunction,
  timeoutMs: readMs,
})
const readCallOptions = readOptions<people.CallOptions>({ signal: readSignal, timeoutMs: readMs })
const readChannelOptions = readOptions<{ policy?: people.CallPolicy }>({ policy: readPolicy })

/** @param name of the circle in errors: `people`, or `room` */
function checkCircle<Circle extends people.Circle>(circle: Circle, name: string): people.Circle {
  return {
    present: () => circle.present(),
    on: (type, listener) =>
      circle.on(readEventType(type, `${name}.on: type`) as typeof type, readFunction(listener, `${name}.on: listener`)),
    module: (module, handler, options) =>
      circle.module(
        readText(module, `${name}.module: name`),
        readFunction(handler, `${name}.module: handler`),
        readModuleOptions(options, `${name}.module: options`),
      ),
    get(query) {
      const target = circle.get(readText(query, `${name}.get: query`))
      return {
        message: (module, data, options) =>
          target.message(readText(module, 'message: module'), data, readCallOptions(options, 'message: options')),
      }
    },
    channel: async (query, channel, options) =>
      circle.channel(
        readText(query, `${name}.channel: query`),
        readText(channel, `${name}.channel: name`),
        readAbortOptions(options, `${name}.channel: options`),
      ),
    onChannel: (channel, listener, options) =>
      circle.onChannel(
        readText(channel, `${name}.onChannel: name`),
        readFunction(listener, `${name}.onChannel: listener`),
        readChannelOptions(options, `${name}.onChannel: options`),
      ),
    setState: (state) => circle.setState(state),
    stateOf: (instance) => circle.stateOf(readText(instance, `${name}.stateOf: instance`)),
  }
}

function checkAccount(account: people.Account): people.Account {
  return {
    id: account.id,
    publicKey: account.publicKey,
    get isKept() {
      return account.isKept
    },
    get livesInOnePlaceOnly() {
      return account.livesInOnePlaceOnly
    },
    get isForgotten() {
      return account.isForgotten
    },
    get isOwner() {
      return account.isOwner
    },
    words: () => account.words(),
    exportFile: async (passPhrase) => account.exportFile(readSecretText(passPhrase, 'account.exportFile: passPhrase')),
    places: () => account.places(),
    revoke: async (place) => account.revoke(readText(place, 'account.revoke: place')),
    onChange: (listener) => account.onChange(readFunction(listener, 'account.onChange: listener')),
  }
}

const readTokenOptions = readOptions<people.TokenOptions>({
  signal: readSignal,
  kind: readOneOf('contact', 'device'),
  role: readOneOf('owner', 'device'),
  code: readBoolean,
})
const readClaimOptions = readOptions<people.ClaimOptions>({ signal: readSignal, kind: readOneOf('contact', 'device') })

function checkContacts(contacts: people.Contacts): people.Contacts {
  return {
    list: () => contacts.list(),
    tokens: () => contacts.tokens(),
    requestToken: async (alias, options) =>
      contacts.requestToken(readText(alias, 'contacts.requestToken: alias'), readTokenOptions(options, 'contacts.requestToken: options')),
    claimToken: async (alias, token, options) =>
      contacts.claimToken(
        readText(alias, 'contacts.claimToken: alias'),
        readText(token, 'contacts.claimToken: token'),
        readClaimOptions(options, 'contacts.claimToken: options'),
      ),
    rename: async (account, alias) =>
      contacts.rename(readText(account, 'contacts.rename: account'), readText(alias, 'contacts.rename: alias')),
    remove: async (account) => contacts.remove(readText(account, 'contacts.remove: account')),
    block: async (account) => contacts.block(readText(account, 'contacts.block: account')),
    unblock: async (account) => contacts.unblock(readText(account, 'contacts.unblock: account')),
    onChange: (listener) => contacts.onChange(readFunction(listener, 'contacts.onChange: listener')),
  }
}

const readRoomOptions = readOptions<people.RoomOptions>({ password: readSecretText, admit: readFunction })

export function checkPeople(own: people.People): people.People {
  return {
    ...checkCircle(own, 'people'),
    id: own.id,
    account: checkAccount(own.account),
    contacts: checkContacts(own.contacts),
    connect: () => own.connect(),
    disconnect: () => own.disconnect(),
    suspend: () => own.suspend(),
    resume: () => own.resume(),
    forget: () => own.forget(),
    async room(name, options) {
      const room = await own.room(readText(name, 'people.room: name'), readRoomOptions(options, 'people.room: options'))
      return { ...checkCircle(room, 'room'), name: room.name, leave: () => room.leave() }
    },
  } as people.People
}
