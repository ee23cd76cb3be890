/**
 * The keys of a place in this browser: one that seals, and one that signs. Their secrets never leave the browser's key store: no script can read
 * them, the page's own neither. A key counts as kept only after it was read back and has worked: WebKitGTK (2.50) reads a record with an X25519
 * key as null (findings/webkitgtk-stored-x25519.sh). Where a browser keeps or makes no Ed25519 key, its seed is kept, sealed with the other key, which every browser keeps.
 */

import { MayflyError, type Signer, signerOf } from '../../node/index.ts'
import { answerOf, type Database } from './database.ts'

export const KEYS = 'keys'
const SEALING = 'seal'
const SIGNING = 'place'
const IV_BYTES = 12
const SEED_BYTES = 32
const ALGORITHM = { name: 'AES-GCM', length: 256 } as const

/** The place's key as it is stored; of the two forms one. */
interface StoredSigningKey {
  publicKey?: Uint8Array
  privateKey?: CryptoKey
  sealedSeed?: Uint8Array
}

/** True while the object store has the key of this place: it was not cleared since. Within a transaction. */
export async function isStillPlace(keys: IDBObjectStore, place: Uint8Array): Promise<boolean> {
  const stored: StoredSigningKey | null | undefined = await answerOf(keys.get(SIGNING))
  return stored?.publicKey !== undefined && isEqual(stored.publicKey, place)
}

const isEqual = (a: Uint8Array, b: Uint8Array) => a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])

export interface Sealer {
  seal(secret: Uint8Array): Promise<Uint8Array>
  /** @throws {MayflyError} ERR_DAMAGED */
  unseal(sealed: Uint8Array): Promise<Uint8Array>
}

/** Loads both keys, or makes them. To be called by one tab at a time. @throws {MayflyError} ERR_NOT_STORED: the browser keeps no keys */
export async function openKeys(database: Database): Promise<Sealer & { place: Signer }> {
  const sealer = await openSealer(database)
  return { ...sealer, place: await openSigner(database, sealer) }
}

async function readKey<T>(database: Database, name: string): Promise<T | undefined> {
  return (await database.read([KEYS], (keys) => answerOf(keys.get(name)))) ?? undefined
}

async function writeKey(database: Database, name: string, value: unknown): Promise<void> {
  await database.change([KEYS], (keys) => answerOf(keys.put(value, name)))
}

async function openSealer(database: Database): Promise<Sealer> {
  if ((await readKey(database, SEALING)) === undefined) {
    await writeKey(database, SEALING, await crypto.subtle.generateKey(ALGORITHM, false, ['encrypt', 'decrypt']))
  }
  const sealer = sealerOf(await readKey<CryptoKey>(database, SEALING))
  const probe = crypto.getRandomValues(new Uint8Array(SEED_BYTES))
  const opened = await sealer.seal(probe).then(sealer.unseal, () => undefined)
  if (opened !== undefined && isEqual(opened, probe)) return sealer
  throw new MayflyError('ERR_NOT_STORED', 'This browser keeps no keys, so an account cannot be kept in it: use one as a guest')
}

function sealerOf(key: CryptoKey | undefined): Sealer {
  return {
    async seal(secret) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
      const sealed = await crypto.subtle.encrypt({ name: ALGORITHM.name, iv }, key as CryptoKey, new Uint8Array(secret))
      return Uint8Array.from([...iv, ...new Uint8Array(sealed)])
    },
    async unseal(sealed) {
      const iv = new Uint8Array(sealed.subarray(0, IV_BYTES))
      try {
        return new Uint8Array(
          await crypto.subtle.decrypt({ name: ALGORITHM.name, iv }, key as CryptoKey, new Uint8Array(sealed.subarray(IV_BYTES))),
        )
      } catch (cause) {
        const help = 'recover the account from its words'
        throw new MayflyError('ERR_DAMAGED', `What this browser has sealed cannot be opened any more: ${help}`, { cause })
      }
    },
  }
}

async function openSigner(database: Database, sealer: Sealer): Promise<Signer> {
  const known = await signerIn(database, sealer)
  if (known !== undefined) return known
  const made = await makeSigningKey()
  if (made !== undefined) {
    await writeKey(database, SIGNING, made).catch(() => {}) // read back below
    const kept = await signerIn(database, sealer)
    if (kept !== undefined) return kept
  }
  const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES))
  await writeKey(database, SIGNING, { publicKey: signerOf(seed).publicKey, sealedSeed: await sealer.seal(seed) } satisfies StoredSigningKey)
  const kept = await signerIn(database, sealer)
  if (kept === undefined)
    throw new MayflyError('ERR_NOT_STORED', 'This browser keeps no keys, so an account cannot be kept in it: use one as a guest')
  return kept
}

/** The stored key; undefined when there is none, or when it does not sign. */
async function signerIn(database: Database, sealer: Sealer): Promise<Signer | undefined> {
  const { publicKey, privateKey, sealedSeed } = (await readKey<StoredSigningKey>(database, SIGNING)) ?? {}
  if (publicKey === undefined) return undefined
  if (sealedSeed !== undefined) return signerOf(await sealer.unseal(sealedSeed))
  if (privateKey === undefined) return undefined
  const sign = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, new Uint8Array(bytes)))
  return sign(publicKey).then(
    () => ({ publicKey, sign }),
    () => undefined,
  )
}

/** Undefined in browsers that have no Ed25519: Chromium before 137, Firefox before 129, Safari before 17. */
async function makeSigningKey(): Promise<StoredSigningKey | undefined> {
  try {
    const { privateKey, publicKey } = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
    return { privateKey, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)) }
  } catch {
    return undefined
  }
}
