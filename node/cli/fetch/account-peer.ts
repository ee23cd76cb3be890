/** The peer of a command that has people: the account of the data directory, online for as long as the command runs. */

import { hostname } from 'node:os'
import { createPeer, MayflyError, type Offers, type Peer, type PeerOptions, type People, type Sharing } from '../../index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { accountPathIn, openAccountStore } from '../../server/store/account-file.ts'
import type { CommandContext } from '../command-context.ts'
import { describeNetworkEvent, reportClock, startJoined, stopSoon } from './joined-peer.ts'

export interface AccountPeer {
  peer: Peer
  people: People
  sharing: Sharing
  offers: Offers
}

/**
 * Not started yet: it may look at the contacts first.
 *
 * @param create makes the account when there is none
 * @throws {MayflyError} ERR_NO_ACCOUNT; ERR_BAD_OPTION: another process has it
 * @throws the system's error, in words
 */
export async function createAccountPeer(
  { configuration }: CommandContext,
  { create, limits }: { create: boolean; limits?: PeerOptions['limits'] },
): Promise<AccountPeer> {
  const { join, data } = configuration
  const store = await openAccountStore(accountPathIn(data))
  try {
    const peer = await createPeer({
      ...{ role: 'tab', join, createHasher: createNativeHasher, fetchPiece: createHttpPieces(), sharing: true },
      people: { store, account: { kind: 'kept', create }, placeName: hostname() },
      ...(limits && { limits }),
    })
    const { people, sharing } = peer
    if (people === undefined || sharing?.offers === undefined) throw new TypeError('This peer has people and shares')
    return { peer, people, sharing, offers: sharing.offers }
  } catch (error) {
    await store.close()
    if (!(error instanceof MayflyError) || error.code !== 'ERR_NO_ACCOUNT') throw error
    const how = 'mayfly contacts ALIAS makes one, and a code for somebody whom you call so'
    throw new MayflyError('ERR_NO_ACCOUNT', `There is no account in ${data} yet: ${how}`, { cause: error })
  }
}

/**
 * In the overlay, and seen by contacts.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION
 * @throws signal.reason, when aborted
 */
export async function goOnline({ configuration, output, signal }: CommandContext, { peer, people }: AccountPeer): Promise<void> {
  const { join, timeoutMs } = configuration
  peer.onEvent((event) => {
    const words = describeNetworkEvent(event)
    if (words !== undefined) output.remark(words)
  })
  reportClock(peer, output)
  await startJoined(peer, { join, timeoutMs, signal })
  await people.connect()
}

export const leaveSoon = ({ peer }: Pick<AccountPeer, 'peer'>): Promise<void> => stopSoon(peer)
