/** Reads the answers to a find. Only leases whose signature is right are believed. */

import type { Multiaddr } from '@multiformats/multiaddr'
import { equalBytes } from '../keys/index.ts'
import type { Clock } from '../network/index.ts'
import type { Key } from '../types.ts'
import { judgeTerms, type LeaseCodec, type LeaseOptions, readPeerId } from './lease.ts'
import type { HolderRecord } from './record-store.ts'
import type { FindOptions, Holder } from './types.ts'
import type { FoundFrame } from './wire-frames.ts'

/** A holder, and the signed form that can be passed on. */
export interface FoundHolder extends Holder {
  record: HolderRecord
}

export interface FindReply {
  /** Peer id, text form. */
  from: string
  found: FoundFrame
}

/** One search. */
export interface Search extends FindOptions {
  signal: AbortSignal
  /**
   * True for another server, which goes on by itself when nobody is found: the record nodes alone are asked. False for a tab. Undefined where this peer
   * reads for itself.
   */
  isForServer: boolean | undefined
  /** A lease was refused for its times where this node's clock may be at fault, or a home says that its own may be. */
  isClockAtFault: boolean
}

export interface FoundReaderContext {
  clock: Pick<Clock, 'now' | 'times' | 'isDoubtful'>
  codec: LeaseCodec
  /** Where a home can be dialled, text form. */
  addressesOf(home: string): Promise<string[]>
  homes: { rememberHome?: ((home: string, addresses: Multiaddr[] | undefined) => void) | undefined }
  /** A server's answer breaks the rules. */
  onBadAnswer(peer: string, reason: string): void
}

export function createFoundReader({ clock, codec, addressesOf, homes, onBadAnswer }: FoundReaderContext, lease: LeaseOptions) {
  /** The holders in one answer, each checked before it is yielded. */
  return async function* read(key: Key, { from, found }: FindReply, search: Search): AsyncGenerator<FoundHolder> {
    if (found.content && search.onContent?.({ bytes: found.content, from })) return
    const told = new Map(found.homes.map((home) => [readPeer(home.peer), home.addresses]))
    const addressesIn = async (home: string) => told.get(home)?.map(String) ?? (await addressesOf(home))
    for (const bytes of found.leases) {
      try {
        const signed = codec.decode(bytes)
        if (!equalBytes(signed.key, key)) throw new Error('a lease of another key')
        if (typeof judgeTerms(signed, clock.times(), lease) === 'string') {
          search.isClockAtFault ||= clock.isDoubtful()
          continue
        }
        if (!(await codec.isSigned(signed))) throw new Error('a lease with a wrong signature')
        const { holder, home, expiresAtMs } = signed
        const addresses = await addressesIn(home)
        homes.rememberHome?.(home, told.get(home))
        const record = { key, holder, home, expiresAtMs, lease: signed.bytes, source: found }
        yield { peer: holder, home, addresses, expiresAtMs, signed: true, record }
      } catch (error) {
        onBadAnswer(from, error instanceof Error ? error.message : String(error))
        return
      }
    }
    for (const { peer: multihash, expiresAtMs } of found.stock) {
      const holder = readPeer(multihash)
      if (holder === undefined || expiresAtMs <= clock.now()) continue
      const record = { key, holder, home: holder, expiresAtMs, lease: undefined, source: found }
      yield { peer: holder, home: holder, addresses: await addressesIn(holder), expiresAtMs, signed: false, record }
    }
  }
}

function readPeer(multihash: Uint8Array): string | undefined {
  try {
    return readPeerId(multihash).toString()
  } catch {
    return undefined
  }
}
