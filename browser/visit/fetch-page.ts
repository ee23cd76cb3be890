/** Fetches the bytes of a page, and checks them. The gateway is asked first, since it answers before the peer has joined; then the network. */

import type { Peer } from '../../node/index.ts'
import type { ContentAddress } from '../content/raw-address.ts'
import { fetchRaw, firstBytes, readAtMost, readOpened, sizeOf, typeOf } from '../content/raw-content.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { failureOf } from './page-visit.ts'
import type { VisitFailure } from './types.ts'

/** The gateway's media type of a list of files. @see ../../node/content/WIRE.md (bundles) */
const BUNDLE_TYPE = 'application/vnd.mayfly.bundle'
/** @see ../../node/content/PRIVATE.md */
export const SEALED_TYPE = 'application/vnd.mayfly.private'

/** Bytes are checked. Large content is neither read nor checked; its type is known when the gateway has it. */
type FetchedPage = { bytes: Uint8Array; gatewayType?: string } | { large: { size: number; type?: string } } | { failed: VisitFailure }

interface FetchPageOptions {
  address: ContentAddress
  session: PeerSession
  joinTimeoutMs: number
  signal: AbortSignal
  /** Called when the gateway sent bytes that are not the page. */
  onWrong(): void
}

export async function fetchPage(options: FetchPageOptions): Promise<FetchedPage> {
  const { address, session, signal, onWrong } = options
  const peer = await session.peer({ signal })
  const library = await session.library()
  const response = await fetchRaw(address, { signal })
  if (!response?.ok) {
    await response?.body?.cancel()
    return response?.status === 404 ? { failed: 'gone' } : fetchThroughPeer(options, library, peer)
  }
  const { maxPieceBytes } = peer.status().limits
  const [size, type] = [sizeOf(response), typeOf(response)]
  // A long list of files is read at once, although it is larger than one piece.
  const isList = type === BUNDLE_TYPE && size !== undefined && size <= library.MAX_BUNDLE_BYTES
  if (size !== undefined && size > maxPieceBytes && !isList) {
    await response.body?.cancel()
    return { large: { size, type } }
  }
  const bytes = await readAtMost(response, size ?? maxPieceBytes)
  if (bytes && library.encodeKeyHex(await library.sha256(bytes)) === address.hash) return { bytes, gatewayType: type }
  onWrong()
  return fetchThroughPeer(options, library, peer)
}

async function fetchThroughPeer(
  { address, joinTimeoutMs, signal }: FetchPageOptions,
  { decodeKeyHex, isSealed, MayflyError }: PeerLibrary,
  peer: Peer,
): Promise<FetchedPage> {
  const { hash, outline } = address
  try {
    await peer.joined({ signal: AbortSignal.any([signal, AbortSignal.timeout(joinTimeoutMs)]) })
    const opened = await peer.content.open(decodeKeyHex(hash), { signal, ...(outline && { outline: decodeKeyHex(outline) }) })
    const bytes = await readOpened(opened, peer.status().limits.maxPieceBytes, signal)
    if (bytes) return { bytes }
    const isPrivate = isSealed(await firstBytes(opened, signal))
    return { large: { size: opened.size, ...(isPrivate && { type: SEALED_TYPE }) } }
  } catch (error) {
    signal.throwIfAborted()
    return { failed: failureOf(error instanceof MayflyError ? error.code : undefined) }
  }
}
