/** What is known of one content that this tab holds. Bytes are in the peer, a Blob or `kept-content.ts`. */

export interface HeldPage {
  /** 64 hex digits. */
  hash: string
  /** In bytes. */
  size: number
  /** A few words to know it by; may be empty. */
  label: string
  /** Made in this tab, and not fetched from others. */
  madeHere: boolean
  /** Whether it outlives a reload of the tab. */
  kept: boolean
  /** The SHA-256 of the outline, in hex, of what is larger than one piece. */
  outline?: string
  /** The hashes of a bundle's files, which are held with it. */
  parts?: readonly string[]
  /** Held only for the bundles that it is in. */
  isPart?: boolean
  /** A file's name, where it has one that a receiver should see. */
  name?: string
}
