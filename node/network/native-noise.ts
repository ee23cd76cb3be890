/**
 * Noise at a node, whose X25519 keys stay as `node:crypto` has them. @libp2p/noise writes each private key to bytes and reads it again for every
 * agreement: 128 µs, of which 60 are the reading (Node.js 24, 2026-11). And this node's signature of its static key, which is the same in each
 * handshake, is made once.
 */

import type { PrivateKey } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { equalBytes } from '../keys/index.ts'
import { type NodeCrypto, nativeCrypto } from '../keys/native-crypto.ts'
import { MAX_STRAIGHT_BYTES } from './straight-layers.ts'

type KeyObject = ReturnType<NodeCrypto['createPrivateKey']>

interface KeyPair {
  publicKey: Uint8Array
  privateKey: Uint8Array
}

/** The field of @libp2p/noise by which a handshake makes its keys and agreements. */
interface NoiseCrypto {
  generateKeypair(): KeyPair
  dh(keyPair: KeyPair, publicKey: Uint8Array | Uint8ArrayList): Uint8Array
  encrypt(plaintext: Uint8Array | Uint8ArrayList, nonce: Uint8Array, ad: Uint8Array, key: Uint8Array): Uint8Array | Uint8ArrayList
}

/** Prefixes of the 32 bytes in PKCS #8 and, in base64, in SPKI. @see https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const SECRET_PREFIX = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20]
const PUBLIC_PREFIX = 'MCowBQYDK2VuAyEA'

/** Text, of which Node.js makes a key in a third of the time that it takes for bytes (findings/node-der-public-key.sh). */
const pemOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  `-----BEGIN PUBLIC KEY-----\n${PUBLIC_PREFIX}${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}\n-----END PUBLIC KEY-----`

/** The fields of @libp2p/noise that are replaced. */
interface Noise {
  components: { privateKey: PrivateKey }
  crypto: NoiseCrypto
}

/** @param crypto of Node.js; without it, or in a program that lacks parts of it (noise.ts), nothing changes */
export function keepNoiseKeys(encrypter: unknown, crypto: NodeCrypto | undefined = nativeCrypto): void {
  if (crypto?.getCipherInfo('chacha20-poly1305') === undefined) return
  const noise = encrypter as Noise
  const privateKey = signingOnce(noise.components.privateKey)
  noise.components = new Proxy(noise.components, {
    get: (components, name) => (name === 'privateKey' ? privateKey : Reflect.get(components, name)),
  })
  Object.assign(noise.crypto, keepKeys(crypto), { encrypt: sealInParts(crypto, noise.crypto.encrypt) })
}

/**
 * Seals a long message without copying it once more behind its tag: of a piece that many tabs read at once, such copies were a third of the memory
 * that a node took for it (`npm run bench -- tabs`).
 */
function sealInParts({ createCipheriv }: NodeCrypto, seal: NoiseCrypto['encrypt']): NoiseCrypto['encrypt'] {
  return (plaintext, nonce, ad, key) => {
    if (plaintext.byteLength <= MAX_STRAIGHT_BYTES) return seal(plaintext, nonce, ad, key)
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    const sealed = new Uint8ArrayList()
    for (const part of plaintext instanceof Uint8Array ? [plaintext] : plaintext) sealed.append(cipher.update(part))
    cipher.final()
    sealed.append(cipher.getAuthTag())
    return sealed
  }
}

function keepKeys({ createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync }: NodeCrypto): Omit<NoiseCrypto, 'encrypt'> {
  /** Of one handshake, and of the static key. */
  const secrets = new WeakMap<KeyPair, KeyObject>()

  function secretOf(keyPair: KeyPair): KeyObject {
    const known = secrets.get(keyPair)
    if (known !== undefined) return known
    const secret = createPrivateKey({ key: Buffer.from([...SECRET_PREFIX, ...keyPair.privateKey]), format: 'der', type: 'pkcs8' })
    secrets.set(keyPair, secret)
    return secret
  }

  return {
    /** The private key has no bytes: it never leaves `node:crypto`. */
    generateKeypair() {
      const { publicKey, privateKey: secret } = generateKeyPairSync('x25519')
      const { x = '' } = publicKey.export({ format: 'jwk' })
      const keyPair = { publicKey: Uint8Array.from(Buffer.from(x, 'base64url')), privateKey: new Uint8Array() }
      secrets.set(keyPair, secret)
      return keyPair
    },
    dh(keyPair, publicKey) {
      return diffieHellman({ privateKey: secretOf(keyPair), publicKey: createPublicKey(pemOf(publicKey.subarray())) })
    },
  }
}

/** A key that signs the same message as the last time with the same signature. */
function signingOnce(privateKey: PrivateKey): PrivateKey {
  let last: { message: Uint8Array; signature: Promise<Uint8Array> } | undefined
  const sign = (data: Uint8Array | Uint8ArrayList): Promise<Uint8Array> => {
    const message = data.subarray()
    if (last === undefined || !equalBytes(last.message, message)) {
      last = { message: message.slice(), signature: Promise.resolve(privateKey.sign(message)) }
    }
    return last.signature
  }
  return Object.assign(Object.create(privateKey) as PrivateKey, { sign })
}
