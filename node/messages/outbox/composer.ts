/** Composer: makes an envelope of a draft. Finds the receiver's public key, seals the body (or holds it as content when it is too large), signs. */

import { createRecentMap } from '../../async/recent-map.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../../keys/index.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { End } from '../format/end.ts'
import { ENVELOPE_DEFAULTS, type Envelope, sealTerms, signEnvelope } from '../format/envelope.ts'
import type { SealKeys } from '../format/hpke-keys.ts'
import { encodePayload } from '../format/payload.ts'
import { sealPayload } from '../format/seal.ts'
import type { MessageDraft, MessageLimits, MessageSecret, OutboxStore } from '../types.ts'

export interface ComposerContext {
  /** Remembers public keys of receivers. */
  store: Pick<OutboxStore, 'publicKey' | 'putPublicKey'>
  /** Asks others for the public key of a hashname; the composer checks it. */
  findPublicKey(end: Key, options: AbortOptions): Promise<Uint8Array | undefined>
  /** True when the receiver of that hashname opens messages of rows; none does when it is left out. */
  opensRows?: ((end: Key) => boolean) | undefined
  /** Holds a body that is too large for a message as content. @returns its link */
  holdLarge?: ((body: Uint8Array, isSealed: boolean, type: string) => Promise<string>) | undefined
  limits: Pick<MessageLimits, 'maxMessageBytes'>
  /** In ms since the epoch. */
  now(): number
}

/** Receivers whose public keys are in memory. */
const PUBLIC_KEYS_KEPT = 1_024

export type Composer = ReturnType<typeof createComposer>

export function createComposer({ store, findPublicKey, opensRows, holdLarge, limits, now }: ComposerContext) {
  /** Ids of messages sent up to `latestMs`, while the clock has not passed it. Bounded by what is signed within a tick of the clock. */
  const recent = new Set<string>()
  let latestMs = 0

  /**
   * By the end's key, hex; checked, and valid for good. Without it each post would read the store, which first commits what others wait to
   * commit together.
   */
  const publicKeys = createRecentMap<string, Uint8Array>({ maxEntries: PUBLIC_KEYS_KEPT })

  async function publicKeyFor(end: Key, options: AbortOptions): Promise<Uint8Array | undefined> {
    const name = encodeKeyHex(end)
    const publicKey = publicKeys.get(name) ?? (await lookUpPublicKey(end, options))
    if (publicKey !== undefined) publicKeys.set(name, publicKey)
    return publicKey
  }

  async function lookUpPublicKey(end: Key, options: AbortOptions): Promise<Uint8Array | undefined> {
    const known = await store.publicKey(end)
    if (known !== undefined && equalBytes(await sha256(known), end)) return known
    const found = await findPublicKey(end, options)
    if (found === undefined || !equalBytes(await sha256(found), end)) return undefined
    // Where it cannot be written, it is asked for again.
    await store.putPublicKey(end, found).catch(() => {})
    return found
  }

  /** Checks a draft. Returns a function that makes its payload: of the body, or of a link to it, for which it holds the body first. */
  function prepare(draft: MessageDraft, isSealed: boolean): () => Promise<Uint8Array> {
    const { body, type = typeof body === 'string' ? 'text/plain' : 'application/octet-stream', fields } = draft
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    if (bytes.byteLength <= limits.maxMessageBytes) {
      const payload = encodePayload({ ...draft, body: bytes, type })
      return async () => payload
    }
    if (holdLarge === undefined) {
      throw new MayflyError('ERR_TOO_LARGE', `Cannot post: ${bytes.byteLength} bytes is over the limit of ${limits.maxMessageBytes}`)
    }
    const withLink = (link: string) => encodePayload({ ...draft, body: '', type, fields: { ...fields, link } })
    withLink('')
    return async () => withLink(await holdLarge(bytes, isSealed, type))
  }

  return {
    /**
     * Undefined when nobody knows the receiver's public key: nothing can be sealed then.
     *
     * @throws {MayflyError} ERR_BAD_MESSAGE, ERR_TOO_LARGE (this peer holds no large bodies), ERR_NO_CRYPTO
     * @throws signal.reason, when aborted
     */
    async compose(
      end: End,
      draft: MessageDraft,
      { secret, signal }: AbortOptions & { secret: MessageSecret },
    ): Promise<Envelope | undefined> {
      const { ttlMs = ENVELOPE_DEFAULTS.ttlMs } = draft
      const isSealed = end.kind === 'hashname'
      const payloadOf = prepare(draft, isSealed)
      const receiver = isSealed ? await publicKeyFor(end.key, { ...(signal && { signal }) }) : undefined
      if (isSealed && receiver === undefined) return undefined
      const from = publicKeyOf(secret)
      const plain = await payloadOf()
      signal?.throwIfAborted()
      let sentAtMs = now()
      if (sentAtMs > latestMs) recent.clear()
      // The same text twice within a tick of the clock is two messages, and must not have one id.
      for (;;) {
        const terms = { to: end.key, sentAtMs, ttlMs }
        const payload =
          receiver === undefined
            ? plain
            : await sealFor({ secret, receiver, aad: sealTerms({ from, ...terms }) }, plain, opensRows?.(end.key))
        if (payload === undefined) return undefined
        const envelope = signEnvelope(secret, { ...terms, isSealed, payload })
        const name = encodeKeyHex(envelope.id)
        if (!recent.has(name)) {
          recent.add(name)
          latestMs = Math.max(latestMs, sentAtMs)
          return envelope
        }
        sentAtMs = Math.max(sentAtMs, latestMs) + 1 // past all of them: a text that is sent a thousand times is signed twice each time
      }
    },
  }
}

/** Undefined when the receiver's public key is not one: a hashname can be made of any bytes, and nobody can receive there. */
async function sealFor(keys: SealKeys, payload: Uint8Array, isInRow?: boolean): Promise<Uint8Array | undefined> {
  try {
    return await sealPayload(keys, payload, isInRow)
  } catch (error) {
    if (error instanceof MayflyError && error.code === 'ERR_BAD_FRAME') return undefined
    throw error
  }
}
