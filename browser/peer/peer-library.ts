/** The public face of `node/`: too large to load before the first paint. */
export type PeerLibrary = typeof import('../../node/index.ts')
