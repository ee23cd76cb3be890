/** Without WebCrypto, as in a page that came by plain http from another machine. */

import { createHash } from 'node:crypto'
import { from } from 'multiformats/hashes/hasher'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { replaceMissingDigest } from '../../node/network/portable-digest.ts'

/** As multiformats' browser build has it. */
const browserHasher = () =>
  from({
    name: 'sha2-256',
    code: 0x12,
    encode: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource)),
  })

const bytes = new TextEncoder().encode('peer id')
const expected = new Uint8Array(createHash('sha256').update(bytes).digest())

describe('the digest of libp2p’s modules', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is there without WebCrypto', async () => {
    vi.stubGlobal('crypto', {})
    const hasher = browserHasher()
    await expect(async () => hasher.digest(bytes)).rejects.toThrow()
    replaceMissingDigest(hasher)
    const { code, digest } = await hasher.digest(bytes)
    expect([code, digest]).toEqual([0x12, expected])
  })

  it('stays the browser’s own where there is WebCrypto', async () => {
    const hasher = browserHasher()
    const { encode } = hasher as unknown as { encode: unknown }
    replaceMissingDigest(hasher)
    expect((hasher as unknown as { encode: unknown }).encode).toBe(encode)
    expect((await hasher.digest(bytes)).digest).toEqual(expected)
  })
})
