/**
 * Large content over HTTP from the gateway that a command asks, where it holds the content, or one of its tabs does: each piece is checked by the
 * outline that the link names, and the whole by its hash. The overlay, whose code takes longer to load than most content takes to come, is entered
 * only when that gateway gives nothing more, or when the content takes long enough that other holders are worth asking, too.
 */

import { createTimeout } from '../../async/abort.ts'
import { decodeOutline, MAX_OUTLINE_BYTES, type OutlinedContent, pieceHash, pieceSize } from '../../content/format/outline.ts'
import { openOutlined } from '../../content/outlined-reading.ts'
import { outlinePath } from '../../content/protocol/piece-request.ts'
import type { Key, OpenedContent, OpenOptions } from '../../index.ts'
import { equalBytes, sha256 } from '../../keys/index.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { createGatewayClient } from './gateway-client.ts'
import { readAll } from './gateway-request.ts'
import type { NetworkClient } from './network-client.ts'

/** How long the gateway gives all before the overlay is entered, in ms: on one line a second holder gives no more than the first. */
const ALONE_MS = 2_000
/** How long the gateway may send nothing, in ms: as long as a holder in the overlay. */
const STALL_MS = 5_000
/** How long the question for the outline may take, in ms: gateways that are slow to say that they hold nothing cost this at most. */
const OUTLINE_MS = 2_000

interface LargeContentContext {
  /** Of gateways, which are asked side by side. */
  origins: readonly string[]
  joinOverlay(): Promise<Pick<NetworkClient, 'open'>>
}

type LargeOptions = OpenOptions & { outline: Key }

/**
 * Opens content from the gateway that is the first to give its outline, and in the overlay where none does.
 *
 * @throws {MayflyError} as `NetworkClient.open`
 * @throws signal.reason, when aborted
 */
export async function openLarge(key: Key, options: LargeOptions, context: LargeContentContext): Promise<OpenedContent> {
  const { outline: expected, bundle } = options
  const openInOverlay = async () => (await context.joinOverlay()).open(key, options)
  const found = await findAmong(context.origins, key, options)
  if (found === undefined) return openInOverlay()
  const { origin, content } = found
  return openOutlined(content, {
    ...{ expected, bundle, from: origin, createHasher: createNativeHasher },
    getPiece: createGetPiece(origin, content, bundle, openInOverlay),
    isProven: () => false,
    onProven: () => {},
    onLie: () => {},
  })
}

interface FoundContent {
  origin: string
  content: OutlinedContent
}

/**
 * Undefined where no gateway gives the outline in time: none holds the content, can be reached, or is of a version that gives outlines.
 *
 * @throws signal.reason, when aborted
 */
async function findAmong(
  origins: readonly string[],
  key: Key,
  { outline, bundle, signal }: LargeOptions,
): Promise<FoundContent | undefined> {
  const path = outlinePath({ key, outline, ...(bundle && { bundle }) })
  const late = createTimeout(OUTLINE_MS)
  const over = new AbortController()
  const abort = { signal: AbortSignal.any([late.signal, over.signal, ...(signal ? [signal] : [])]) }
  const askOne = async (origin: string): Promise<FoundContent> => {
    const outlineBytes = await createGatewayClient(origin).bytes(path, outline, MAX_OUTLINE_BYTES, abort)
    return { origin, content: { key, outline: decodeOutline(outlineBytes), outlineBytes, outlineHash: outline } }
  }
  try {
    return await Promise.any(origins.map(askOne))
  } catch {
    signal?.throwIfAborted()
    return undefined
  } finally {
    late.end()
    over.abort()
  }
}

function createGetPiece(
  origin: string,
  { key, outline, outlineHash }: OutlinedContent,
  bundle: Key | undefined,
  openInOverlay: () => Promise<OpenedContent>,
) {
  const fetchPiece = createHttpPieces()
  let startedAtMs: number | undefined
  /** The gateway has failed to give a piece, or has lied. */
  let hasFailed = false
  let entering: Promise<OpenedContent> | undefined
  let overlay: OpenedContent | undefined

  function enter(): Promise<OpenedContent> {
    entering ??= openInOverlay().then((content) => {
      overlay = content
      return content
    })
    entering.catch(() => {}) // while the gateway gives all, nobody needs the overlay
    return entering
  }

  async function fromGateway(index: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const place = { index, offset: index * outline.pieceBytes, size: pieceSize(outline, index) }
    const wanted = { key, outline: outlineHash, ...place, ...(bundle && { bundle }) }
    const bytes = await fetchPiece(origin, wanted, { signal, stallMs: STALL_MS, from: 'node' })
    return bytes !== undefined && equalBytes(await sha256(bytes), pieceHash(outline, index)) ? bytes : undefined
  }

  return async (index: number, signal: AbortSignal): Promise<Uint8Array> => {
    startedAtMs ??= performance.now()
    if (performance.now() - startedAtMs > ALONE_MS) void enter()
    if (overlay === undefined && !hasFailed) {
      const bytes = await fromGateway(index, signal)
      if (bytes !== undefined) return bytes
      hasFailed = true
    }
    const { read } = await enter()
    return readAll(read({ offset: index * outline.pieceBytes, length: pieceSize(outline, index) }, { signal }), outline.pieceBytes)
  }
}
