/**
 * Reads arguments of the library's functions: each is checked, and brought into the one form that the code below expects. Its users may write
 * JavaScript without types, so a wrong argument is an error that names what was expected and what came, and never something else's hash.
 */

import { MayflyError, type MayflyErrorCode } from '../errors.ts'

/** Reads a value. `what` names the argument in errors: `content.get: key`. */
export type Read<T> = (value: unknown, what: string) => T

/** A reader for each member of an object. */
export type Readers<T> = { readonly [K in keyof T]-?: Read<Exclude<T[K], undefined>> }

/** The longest time that a timer of JavaScript can wait, in ms: one beyond it would ring at once. */
const MAX_TIMER_MS = 2_147_483_647
/** Characters of a text that an error shows. */
const SHOWN = 60

export function refuse(what: string, expected: string, value: unknown, code: MayflyErrorCode = 'ERR_BAD_OPTION'): MayflyError {
  return new MayflyError(code, `${what}: expected ${expected}, got ${describe(value)}`)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, SHOWN))}`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (value === undefined) return 'nothing'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  const bytes = bytesIn(value)
  if (bytes !== undefined) return `${bytes.byteLength} bytes`
  if (value instanceof Promise) return 'a Promise (await it first)'
  const name = isPlain(value) ? '' : String(value.constructor?.name ?? '')
  return name === '' ? `an object with ${list(Object.keys(value).slice(0, 10)) || 'nothing in it'}` : `a value of the class ${name}`
}

function list(names: readonly string[]): string {
  return names.join(', ')
}

/** True for what an object literal makes, in any window or realm. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The bytes of a Uint8Array, of this window or another, or of an ArrayBuffer; undefined for anything else. */
export function bytesIn(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  const tag = Object.prototype.toString.call(value)
  if (tag === '[object ArrayBuffer]') return new Uint8Array(value as ArrayBuffer)
  if (tag !== '[object Uint8Array]') return undefined
  const { buffer, byteOffset, byteLength } = value as Uint8Array
  return new Uint8Array(buffer, byteOffset, byteLength)
}

export const readBytes: Read<Uint8Array> = (value, what) => {
  const bytes = bytesIn(value)
  if (bytes === undefined) throw refuse(what, 'bytes (a Uint8Array or an ArrayBuffer)', value)
  return bytes
}

/** Text stands for its UTF-8. */
export const readTextOrBytes: Read<Uint8Array> = (value, what) => {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : bytesIn(value)
  if (bytes === undefined) throw refuse(what, 'text, or bytes (a Uint8Array or an ArrayBuffer)', value)
  return bytes
}

export const readText: Read<string> = (value, what) => {
  if (typeof value !== 'string') throw refuse(what, 'text', value)
  return value
}

export const readBoolean: Read<boolean> = (value, what) => {
  if (typeof value !== 'boolean') throw refuse(what, 'true or false', value)
  return value
}

export const readInteger: Read<number> = (value, what) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw refuse(what, 'a whole number, 0 or more', value)
  return value as number
}

export const readNumber: Read<number> = (value, what) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(what, 'a number', value)
  return value
}

/** A span of time. A point in time, such as a Date, is none. */
export const readMs: Read<number> = (value, what) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_TIMER_MS))
    throw refuse(what, `a time in milliseconds, a number from 0 to ${MAX_TIMER_MS}`, value)
  return Math.round(value)
}

export const readSignal: Read<AbortSignal> = (value, what) => {
  if (Object.prototype.toString.call(value) !== '[object AbortSignal]')
    throw refuse(what, 'an AbortSignal, such as the `signal` of an AbortController', value)
  return value as AbortSignal
}

// biome-ignore lint/suspicious/noExplicitAny: a function's own parameters are its caller's matter
export const readFunction: Read<any> = (value, what) => {
  if (typeof value !== 'function') throw refuse(what, 'a function', value)
  return value
}

export function readOneOf<T extends string>(...words: T[]): Read<T> {
  return (value, what) => {
    if (!words.includes(value as T)) throw refuse(what, words.map((word) => JSON.stringify(word)).join(' or '), value)
    return value as T
  }
}

export function readListOf<T>(read: Read<T>): Read<T[]> {
  return (value, what) => {
    if (!Array.isArray(value)) throw refuse(what, 'a list', value)
    return value.map((each, index) => read(each, `${what}[${index}]`))
  }
}

/** One stands for a list of one. */
export function readOneOrMore<T>(read: Read<T>): Read<T[]> {
  const readAll = readListOf(read)
  return (value, what) => (Array.isArray(value) ? readAll(value, what) : [read(value, what)])
}

/** Undefined stays so; `null` is no value that anything is left out by. */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, what) => (value === undefined ? undefined : read(value, what))
}

/** The same reader, whose errors have this code. */
export function withCode<T>(code: MayflyErrorCode, read: Read<T>): Read<T> {
  return (value, what) => {
    try {
      return read(value, what)
    } catch (error) {
      throw error instanceof MayflyError ? new MayflyError(code, error.message) : error
    }
  }
}

/**
 * An object literal whose members are all known; those that are undefined are left out. An object of a class is refused: a signal in the place of
 * `{ signal }` has no option, and would be passed over.
 */
export function readObject<T extends object>(readers: Readers<T>, required: readonly (keyof T)[] = []): Read<T> {
  const names = Object.keys(readers)
  return (value, what) => {
    if (!isPlain(value)) throw refuse(what, names.length === 0 ? 'an object' : `an object with ${list(names)}`, value)
    const read: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(value)) {
      if (!Object.hasOwn(readers, name))
        throw new MayflyError('ERR_BAD_OPTION', `${what}: there is no ${JSON.stringify(name.slice(0, SHOWN))}; there is ${list(names)}`)
      if (member !== undefined) read[name] = readers[name as keyof T](member, `${what}.${name}`)
    }
    for (const name of required) if (!Object.hasOwn(read, name)) throw refuse(what, `an object with ${String(name)}`, value)
    return read as T
  }
}

/** An object of options that are read later. */
export const readAnyObject: Read<object> = (value, what) => {
  if (!isPlain(value)) throw refuse(what, 'an object', value)
  return value
}

/** Options may be left out. */
export function readOptions<T extends object>(readers: Readers<T>): Read<T> {
  const read = readObject(readers)
  return (value, what) => (value === undefined ? ({} as T) : read(value, what))
}

/** Settings that are numbers: their names, and those of settings inside settings, are those of the defaults. */
export function readNumbersOf<T extends object>(defaults: T): Read<Partial<T>> {
  const readers = Object.entries(defaults).map(([name, value]) => [name, typeof value === 'object' ? readNumbersOf(value) : readAmount])
  return readObject(Object.fromEntries(readers) as Readers<Partial<T>>)
}

const readAmount: Read<number> = (value, what) => {
  if (readNumber(value, what) < 0) throw refuse(what, 'a number, 0 or more', value)
  return value as number
}

/** An object that somebody implements: it is passed on as it is. */
export function readImplementation<T extends object>(members: { readonly [K in keyof T]?: Read<unknown> }): Read<T> {
  const names = list(Object.keys(members))
  return (value, what) => {
    if (typeof value !== 'object' || value === null) throw refuse(what, `an object with ${names}`, value)
    for (const [name, read] of Object.entries(members)) (read as Read<unknown>)((value as Record<string, unknown>)[name], `${what}.${name}`)
    return value as T
  }
}
