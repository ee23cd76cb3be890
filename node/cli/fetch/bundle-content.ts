/** Whether content is a bundle, and what is in it. The overlay's code, which knows bundles, is loaded only for what looks like one. */

import type { BundleEntry, OpenedContent, UnsealedContent } from '../../index.ts'
import type { AbortOptions } from '../../types.ts'
import { checkedWhole } from './checked-whole.ts'
import { plainChunks } from './unsealed.ts'

/** Of `MAX_BUNDLE_BYTES`, which is not here before the code is loaded: larger content is not looked at. */
const LARGEST_BUNDLE_BYTES = 4_194_304
/** What every bundle begins with, after a byte or two of CBOR. @see node/content/WIRE.md */
const MAGIC = 'mayfly-bundle'
const LOOK_BYTES = 32

/**
 * Undefined when the content is something else. That of private content is in its plain text.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE; ERR_BAD_FRAME for a list that breaks the format, a path that leads outside among it
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
