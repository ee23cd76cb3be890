/** The link of a share with another secret, and right check bytes. */

import { linkPathOf, parseLink } from '../../node/sharing/format/share-link.ts'

export function encodeWrong(path: string): string {
  return linkPathOf('s', { ...parseLink('s', path), secret: new Uint8Array(16).fill(9) })
}
