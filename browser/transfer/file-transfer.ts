/**
 * Fetches one file until it is held. A large file is received in pieces from many peers, which exchange them with each other; then the whole is
 * checked against its address. A small file is fetched at once. Both wait for holders and for the network. `transfer.ts` fetches several
 * files and sums up their progress.
 */

import { createBackoff } from '../../node/async/backoff.ts'
import { delay } from '../../node/async/delay.ts'
import type { Key, Peer, Receiving } from '../../node/index.ts'
import type { BundleFile } from '../content/bundle-files.ts'
import { readOpened } from '../content/raw-content.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { PeerLibrary } from '../peer/types.ts'
import type { ReceivedFiles } from './received-files.ts'

export interface FileTransferState {
  /** 'waiting': no peer is there that has what is missing. */
  phase: 'running' | 'waiting' | 'checking'
  /** Bytes received; in 'checking', bytes read again. */
  done: number
}

interface FileTransferOptions {
  session: PeerSession
  holdings: Holdings
  files: ReceivedFiles
  file: BundleFile
  /** It is one file of a bundle. */
  isPart: boolean
  signal: AbortSignal
  onState(state: FileTransferState): void
}

interface FileDownload {
  options: FileTransferOptions
  library: PeerLibrary
  peer: Peer
  key: Key
}

/**
 * @throws {MayflyError} ERR_UNAVAILABLE (the SHA-256 is another), ERR_LIMIT, ERR_TOO_LARGE
 * @throws signal.reason, when aborted; received pieces stay
 */
export async function fetchFile(options: FileTransferOptions): Promise<void> {
  const { session, signal, file, holdings, isPart } = options
  const [library, peer] = await Promise.all([session.library(), session.peer({ signal })])
  const download: FileDownload = { options, library, peer, key: library.decodeKeyHex(file.hash) }
  const { maxPieceBytes } = peer.status().limits
  if (file.size > maxPieceBytes) return fetchLarge(download)
  const bytes = await retry(download, async () => readOpened(await peer.content.open(download.key, { signal }), maxPieceBytes, signal))
  if (bytes) await holdings.holdBytes(bytes, { isPart, madeHere: false })
}

/**
 * Retries until a holder sends the content: a holder count above zero triggers an attempt, and a backoff spaces attempts that fail all the same.
 *
 * @throws what `attempt` throws, except for errors that mean that nobody sends it now
 * @throws signal.reason, when aborted
 */
async function retry<T>({ options, library, peer, key }: FileDownload, attempt: () => Promise<T>): Promise<T> {
  const { signal, onState } = options
  const backoff = createBackoff({ firstMs: 1_000, maxMs: 30_000 }, Math.random)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      const isForNow = error instanceof library.MayflyError && ['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_UNAVAILABLE'].includes(error.code)
      if (!isForNow) throw error
    }
    onState({ phase: 'waiting', done: 0 })
    await delay(backoff.next(), { signal })
    for await (const count of peer.rendezvous.watch(key, { signal })) if (count > 0) break
  }
}

async function fetchLarge(download: FileDownload): Promise<void> {
  const { options, library } = download
  const { files, file, session, signal } = options
  session.prepareHashing().catch(() => {}) // tried again when it is needed
  // Received pieces may be wrong after a crash of the machine: the second round finds the wrong pieces, and fetches them again.
  for (const isDoubtful of [false, true]) {
    const end = await receivePieces(download, isDoubtful)
    let failure: unknown
    try {
      return await checkAndHold(download)
    } catch (error) {
      failure = error
    } finally {
      await end()
    }
    signal.throwIfAborted()
    if (!(failure instanceof library.MayflyError)) throw failure
    if (failure.code === 'ERR_UNAVAILABLE' && !isDoubtful) continue
    await files.remove(file.hash) // a false outline, or there is no room to hold it
    throw failure
  }
}

/** Resolves when all pieces are received, with a function that ends their upload to others; holding the whole file replaces it. */
async function receivePieces(download: FileDownload, isDoubtful: boolean): Promise<() => Promise<void>> {
  const { options, library, peer, key } = download
  const { files, file, signal, onState } = options
  const received = await files.open(file.hash, { size: file.size, pieceBytes: library.pieceBytesFor(file.size) })
  const report = (phase: FileTransferState['phase']) => onState({ phase, done: received.record.doneBytes })
  let receiving: Receiving | undefined
  try {
    report('running')
    if (isDoubtful || !received.record.isComplete) {
      const outline = file.outline === undefined ? await findOutline(download) : library.decodeKeyHex(file.outline)
      receiving = peer.content.receive(key, {
        outline,
        store: received,
        signal,
        isDoubtful,
        onPiece: () => report('running'),
        onWaiting: (isWaiting) => report(isWaiting ? 'waiting' : 'running'),
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

/** The outline according to a holder, for a link without one. It may be false: the whole is checked before it is held. */
async function findOutline(download: FileDownload): Promise<Key> {
  const { options, library, peer, key } = download
  const { file, signal } = options
  const opened = await retry(download, () => peer.content.open(key, { signal }))
  if (opened.outline !== undefined && opened.size === file.size) return opened.outline
  throw new library.MayflyError('ERR_UNAVAILABLE', `The holder offers ${opened.size} bytes instead of ${file.size}`)
}

async function checkAndHold({ options, library }: FileDownload): Promise<void> {
  const { files, file, holdings, isPart, signal, onState } = options
  const { hash, path, size } = file
  const blob = await files.get(hash, size)
  if (blob === undefined) throw new library.MayflyError('ERR_UNAVAILABLE', 'The received pieces are gone')
  const onRead = (done: number) => onState({ phase: 'checking', done })
  onRead(0)
  const facts = { label: path, name: path, isPart, madeHere: false, kept: files.outlivesReload, expectedHash: hash }
  await holdings.holdBlob(blob, { ...facts, signal, onRead })
}
