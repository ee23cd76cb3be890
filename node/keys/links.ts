/** Links: a key, and what a reader needs besides it. Apart from the keys, since a page that reads no link does without them. */

export { decodeLink, encodeLink, type Link } from './link.ts'
export { linkKeyFragment, linkKeyTextOf } from './link-form.ts'
export { decodePath, encodePath, resolvePath } from './link-path.ts'
