/**
 * Gets one file until it is held: large content into a file of this tab, in pieces from many who give it on to each other, then the whole
 * is checked against its address; small content at once. It waits for holders and for the network. Several files, and how far all of
 * them are, are left to `transfer.ts`.
 */

import type { Key, Peer, Receiving } from '../../node/index.ts'
import type { BundleFile } from '../content/bundle-files.ts'
import { onceHeld } from '../content/once-held.ts'
import { readOpened } from '../content/raw-content.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerLibrary, PeerSession } from '../peer/peer-session.ts'
import type { ReceivedFiles } from './received-files.ts'

export interface FileTransferState {
  /** 'waiting': nobody is there who could give what is missing. */
  phase: 'running' | 'waiting' | 'checking'
  /** Bytes got, or read again in 'checking'. */
  done: number
}

export interface FileTransferOptions {
  session: PeerSession
  holdings: Holdings
  files: ReceivedFiles
  file: BundleFile
  /** It is one of a bundle. */
  isPart: boolean
  signal: AbortSignal
  onState(state: FileTransferState): void
}

interface Getting extends FileTransferOptions {
  library: PeerLibrary
  peer: Peer
  key: Key
}

/**
 * @throws {MayflyError} ERR_UNAVAILABLE when it is not what the address says, ERR_LIMIT, ERR_TOO_LARGE
 * @throws signal.reason, when aborted; what has come stays
 */
export async function getFile(options: FileTransferOptions): Promise<void> {
  const { session, signal, file, holdings } = options
  const [library, peer] = await Promise.all([session.library(), session.peer({ signal })])
  const getting: Getting = { ...options, library, peer, key: library.decodeKeyHex(file.hash) }
  const { maxPieceBytes } = peer.status().limits
  if (file.size > maxPieceBytes) return getLarge(getting)
  const bytes = await onceHeld(
    library,
    peer,
    getting.key,
    async () => readOpened(await peer.content.open(getting.key, { signal }), maxPieceBytes, signal),
    { signal, onWaiting: () => options.onState({ phase: 'waiting', done: 0 }) },
  )
  if (bytes) await holdings.hold(bytes, { isPart: options.isPart })
}

async function getLarge(getting: Getting): Promise<void> {
  const { files, file, library, session, signal } = getting
  session.prepareHashing().catch(() => {}) // it is tried again when it is needed
  // What came before may be wrong when the machine itself had stopped: then the wrong pieces are found, and fetched again, once.
  for (const isDoubtful of [false, true]) {
    const end = await complete(getting, isDoubtful)
    let failure: unknown
    try {
      return await checkAndHold(getting)
    } catch (error) {
      failure = error
    } finally {
      await end()
    }
    signal.throwIfAborted()
    if (!(failure instanceof library.MayflyError)) throw failure
    if (failure.code === 'ERR_UNAVAILABLE' && !isDoubtful) continue
    await files.remove(file.hash) // wrong by a false outline, or there is no place to hold it
    throw failure
  }
}

/** Resolves when all pieces are there, with what ends giving them on; holding the whole ends it too. */
async function complete(getting: Getting, isDoubtful: boolean): Promise<() => Promise<void>> {
  const { files, file, library, peer, key, signal, onState } = getting
  const received = await files.open(file.hash, { size: file.size, pieceBytes: library.pieceBytesFor(file.size) })
  const say = (phase: FileTransferState['phase']) => onState({ phase, done: received.record.doneBytes })
  let receiving: Receiving | undefined
  try {
    say('running')
    if (isDoubtful || !received.record.isComplete) {
      const outline = file.outline === undefined ? await findOutline(getting) : library.decodeKeyHex(file.outline)
      receiving = peer.content.receive(key, {
        outline,
        store: received,
        signal,
        isDoubtful,
        onPiece: () => say('running'),
        onWaiting: (isWaiting) => say(isWaiting ? 'waiting' : 'running'),
      })
      await receiving.complete
    }
    return async () => receiving?.end()
  } catch (error) {
    await receiving?.end()
    throw error
  } finally {
    await received.close()
  }
}

/** Of content whose link does not name it: as a holder tells it. It is believed for now, since the whole is checked before it is held. */
async function findOutline({ library, peer, key, signal, file, onState }: Getting): Promise<Key> {
  const opened = await onceHeld(library, peer, key, () => peer.content.open(key, { signal }), {
    signal,
    onWaiting: () => onState({ phase: 'waiting', done: 0 }),
  })
  if (opened.outline !== undefined && opened.size === file.size) return opened.outline
  throw new library.MayflyError('ERR_UNAVAILABLE', `The holder speaks of ${opened.size} bytes, not of ${file.size}`)
}

async function checkAndHold({ files, file, holdings, library, isPart, signal, onState }: Getting): Promise<void> {
  const { hash, path, size } = file
  const blob = await files.get(hash, size)
  if (blob === undefined) throw new library.MayflyError('ERR_UNAVAILABLE', 'What had come is not there any more')
  const onRead = (done: number) => onState({ phase: 'checking', done })
  onRead(0)
  await holdings.holdReceived(hash, blob, { label: path, name: path, signal, onRead, isPart, kept: files.outlivesReload })
}
