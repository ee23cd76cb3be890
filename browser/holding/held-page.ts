/** The description of one content that this tab holds. Its bytes are in the peer, in a Blob or in `kept-content.ts`. */

export interface HeldPage {
  hash: string
  size: number
  /** A short label for lists; may be empty. */
  label: string
  /** Made in this tab, not fetched from others. */
  madeHere: boolean
  /** It survives a reload of the tab. */
  kept: boolean
  /** SHA-256 of the outline, in hex, for content larger than one piece. */
  outline?: string
  /** Hashes of a bundle's files, which are held with it. */
  parts?: readonly string[]
  /** Held only as a file of bundles. */
  isPart?: boolean
  /** The file name that goes into the link. */
  name?: string
}
