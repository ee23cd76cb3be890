/** The nouns under everything else. Imports nothing local. */

/** A key is a SHA-256: 32 bytes, raw, never hex inside the program. */
export type Key = Uint8Array

export interface AbortOptions {
  signal?: AbortSignal
}

/** Something was refused to another peer, or by one to us. Peers are peer ids in text form. */
export type RefusedEvent = { type: 'refused'; peer: string; reason: string }
