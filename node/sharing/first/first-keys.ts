/**
 * The key pair of one end of a first stage. The first script of a document makes one before the page's modules are here, and stands in it as text: so
 * this imports nothing.
 */

export const FIRST_VERSION = 1

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const

/** The key pair of one end, for one session. */
export interface FirstKeys {
  publicKey: Uint8Array
  privateKey: CryptoKey
}

export async function createFirstKeys(): Promise<FirstKeys> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(CURVE, false, ['deriveBits'])
  return { publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)), privateKey }
}

/** The first message of either end. */
export function encodeFirstKey({ publicKey }: Pick<FirstKeys, 'publicKey'>): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(1 + publicKey.byteLength)
  message[0] = FIRST_VERSION
  message.set(publicKey, 1)
  return message
}
