/**
 * Noise, by the ciphers that there are. Outside browsers @libp2p/noise seals messages of 1,200 bytes and more by `node:crypto`, without asking
 * whether that has ChaCha20-Poly1305. Bun's has not (1.4.5): a connection works, and ends at its first longer message.
 *
 * @see https://github.com/oven-sh/bun/issues/8072
 */

import { noise, pureJsCrypto } from '@chainsafe/libp2p-noise'

interface CipherList {
  getCipherInfo(name: string): object | undefined
}

const native = globalThis.process?.getBuiltinModule?.('node:crypto')

/** @param crypto of Node.js, or of a program that takes its place; a browser has none */
export function createNoise(init: Parameters<typeof noise>[0] = {}, crypto: CipherList | undefined = native) {
  return noise(crypto?.getCipherInfo('chacha20-poly1305') === undefined ? { ...init, crypto: pureJsCrypto } : init)
}
