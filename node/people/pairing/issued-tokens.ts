/** Tokens of this account: made, held in the overlay so that claimers find this instance, and told what became of them. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { createTimeout, inTime } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { Key } from '../../types.ts'
import { keyIdOf } from '../format/account-key.ts'
import { cleanAlias } from '../format/alias.ts'
import { drawCode, formatCode, randomBelow, type SpokenCode } from '../format/code.ts'
import { encodeToken, TOKEN_BYTES, termsOf } from '../format/token.ts'
import type { Paired, Token, TokenOptions } from '../types.ts'
import type { PairingContext } from './context.ts'
import { TOKEN_LIMITS, type TokenRecord, type TokenRecords } from './token-records.ts'

/** How long a new token waits until others can find it, in ms; without a network it is found when there is one. */
const ANNOUNCE_MS = 8_000
/** How long it is looked for whether somebody else has a number, in ms. */
const LOOK_MS = 2_000
/** Numbers that are tried; then one is taken that somebody else has, too, and claimers try both. */
const MAX_DRAWS = 6
/** A timer's limit. */
const MAX_DELAY_MS = 2 ** 31 - 1

interface Issued {
  token: Token
  settled: PromiseWithResolvers<Paired>
}

export function createIssuedTokens(context: PairingContext, records: TokenRecords) {
  const { rendezvous, now } = context
  /** By the token in hex. Bounded by the records. */
  const issued = new Map<string, Issued>()
  /** By the key in hex. Bounded by the records: two for each. */
  const holds = new Map<string, Hold>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isRunning = false

  function keysOf({ token, code }: TokenRecord): Key[] {
    const byToken = termsOf({ form: 'token', token }).key
    return code === null ? [byToken] : [byToken, termsOf({ form: 'code', code }).key]
  }

  /** Holds the keys of all tokens of which claimers are told something, tells what became of tokens, and comes back when the next one ends. */
  function refresh(): void {
    if (!isRunning) return
    const list = records.list()
    const wanted = new Map(list.flatMap(keysOf).map((key) => [bytesToHex(key), key]))
    for (const [hex, hold] of holds) {
      if (wanted.has(hex)) continue
      holds.delete(hex)
      hold.release().catch(() => {})
    }
    for (const [hex, key] of wanted) if (!holds.has(hex)) holds.set(hex, rendezvous.hold(key))
    for (const [hex, entry] of issued) if (settle(entry, records.find(hexToToken(hex)))) issued.delete(hex)
    clearTimeout(timer)
    const dues = list.flatMap(({ expiresAtMs }) => [expiresAtMs, expiresAtMs + TOKEN_LIMITS.afterlifeMs]).filter((dueMs) => dueMs > now())
    if (dues.length > 0) timer = setTimeout(refresh, Math.min(MAX_DELAY_MS, Math.max(10, Math.min(...dues) - now())))
  }

  /** True when it is known what became of the token. */
  function settle({ settled }: Issued, record: TokenRecord | undefined): boolean {
    const claim = record?.claim ?? null
    const isOver = record === undefined || now() >= record.expiresAtMs
    if (record !== undefined && claim !== null) {
      if (!claim.isDone && !isOver) return false
      settled.resolve(pairedOf(record, claim))
      return true
    }
    if (record?.state === 'burnt')
      settled.reject(new MayflyError('ERR_TOKEN_BURNT', 'The code was guessed at wrongly three times, and its token ended for safety'))
    else if (record?.state === 'cancelled') settled.reject(new MayflyError('ERR_TOKEN_BURNT', 'The token was taken back'))
    else if (isOver) settled.reject(new MayflyError('ERR_TOKEN_EXPIRED', 'Nobody used the token in time'))
    else return false
    return true
  }

  function pairedOf(record: TokenRecord, { account, words }: NonNullable<TokenRecord['claim']>): Paired {
    if (record.kind === 'device') return { account: keyIdOf(context.account.publicKey), alias: record.alias, words }
    return { account: keyIdOf(account), alias: context.book.aliasOf(account) ?? record.alias, words }
  }

  function tokenOf(record: TokenRecord): Token {
    const hex = bytesToHex(record.token)
    const known = issued.get(hex)
    if (known !== undefined) return known.token
    const settled = Promise.withResolvers<Paired>()
    settled.promise.catch(() => {}) // a page may not ask what became of it
    const token: Token = {
      kind: record.kind,
      token: encodeToken(record.token),
      code: record.code === null ? '' : formatCode(record.code),
      expiresAtMs: record.expiresAtMs,
      claimed: settled.promise,
      cancel: () => records.cancel(record.token),
    }
    issued.set(hex, { token, settled })
    return token
  }

  /** A code whose number nobody else has now, as far as can be seen. */
  async function drawFreeCode(signal: AbortSignal | undefined): Promise<SpokenCode> {
    const words = await context.words()
    let code = drawCode(words, (limit) => randomBelow(limit, context.randomBytes))
    for (let draws = 1; draws < MAX_DRAWS && (await isHeld(termsOf({ form: 'code', code }).key, signal)); draws++)
      code = drawCode(words, (limit) => randomBelow(limit, context.randomBytes))
    return code
  }

  async function isHeld(key: Key, signal: AbortSignal | undefined): Promise<boolean> {
    const late = createTimeout(LOOK_MS)
    try {
      const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
      for await (const _ of rendezvous.find(key, { signal: either })) return true
      return false
    } catch {
      signal?.throwIfAborted()
      return false // nobody could be asked
    } finally {
      late.end()
    }
  }

  const endListening = records.onChange(refresh)

  return {
    start() {
      isRunning = true
      refresh()
    },
    async stop() {
      isRunning = false
      clearTimeout(timer)
      const open = [...holds.values()]
      holds.clear()
      await Promise.all(open.map((hold) => hold.release().catch(() => {})))
    },
    close() {
      endListening()
      for (const { settled } of issued.values()) settled.reject(new MayflyError('ERR_NOT_STARTED', 'This peer has stopped'))
      issued.clear()
    },
    /** Tokens that may be claimed now, those of before a restart among them. */
    list: (): Token[] => records.list().filter(isOpen).map(tokenOf),
    /** Resolves once the token is stored and others can find it. @throws {MayflyError} ERR_BAD_OPTION, ERR_LIMIT, ERR_NOT_STORED, ERR_REFUSED */
    async request(alias: string, { kind = 'contact', role = 'device', code = true, signal }: TokenOptions = {}): Promise<Token> {
      signal?.throwIfAborted()
      const name = cleanAlias(alias)
      if (kind === 'contact') context.book.mustHaveRoom()
      else if (!context.account.isOwner())
        throw new MayflyError('ERR_REFUSED', 'Cannot add a place here: only a place that has the recovery words adds others')
      const record: TokenRecord = {
        token: new Uint8Array(context.randomBytes(TOKEN_BYTES)),
        code: code ? await drawFreeCode(signal) : null,
        kind,
        role,
        alias: name,
        expiresAtMs: now() + TOKEN_LIMITS.lifetimeMs,
        state: 'open',
        wrongGuesses: 0,
        claim: null,
      }
      await records.add(record)
      const token = tokenOf(record)
      const announced = keysOf(record).map((key) => holds.get(bytesToHex(key))?.announced)
      await inTime(Promise.all(announced), ANNOUNCE_MS)
      if (signal?.aborted) {
        await token.cancel()
        throw signal.reason
      }
      return token
    },
  }

  function isOpen({ state, expiresAtMs }: TokenRecord): boolean {
    return state === 'open' && now() < expiresAtMs
  }
}

const hexToToken = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
