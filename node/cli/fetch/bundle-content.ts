/** Reads the entries of a bundle. The overlay's code, which decodes bundles, is loaded only for content that looks like one. */

import type { BundleEntry, OpenedContent, UnsealedContent } from '../../index.ts'
import type { AbortOptions } from '../../types.ts'
import { checkedWhole, plainChunks } from './unsealed.ts'

/** Larger content is no bundle. The same as `MAX_BUNDLE_BYTES`, which is not here before the overlay's code is loaded. */
const LARGEST_BUNDLE_BYTES = 4_194_304
/** Every bundle begins with this, after a byte or two of CBOR. @see node/content/WIRE.md */
const MAGIC = 'mayfly-bundle'
const LOOK_BYTES = 32

/**
 * Undefined when the content is no bundle. Of private content, the plain text is read.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE; ERR_BAD_FRAME for a list that breaks the format, such as a path that leads outside
 * @throws signal.reason, when aborted
 */
export async function readBundle(
  content: OpenedContent,
  { unsealed, ...options }: Required<AbortOptions> & { unsealed?: UnsealedContent | undefined },
): Promise<BundleEntry[] | undefined> {
  if ((unsealed ?? content).size > LARGEST_BUNDLE_BYTES) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of plainChunks(checkedWhole(content.key, content.read(undefined, options)), unsealed)) {
    if (chunks.length === 0 && !Buffer.from(chunk.subarray(0, LOOK_BYTES)).includes(MAGIC)) return undefined
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  const { decodeBundle, isBundle } = await import('../../index.ts')
  return isBundle(bytes) ? decodeBundle(bytes) : undefined
}
