/** Node.js's own cryptography, which works at once; undefined in a tab. It is asked for, never imported: this code also runs in a browser. */

export const nativeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

export type NodeCrypto = NonNullable<typeof nativeCrypto>
