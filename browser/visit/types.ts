/** The nouns of a visit to a page. */

export type VisitState =
  /** The bytes are being requested. */
  | 'looking'
  /** The gateway's answer is on screen; this tab has not checked it yet. */
  | 'shown'
  /** Larger than one piece: the gateway streams it and checks every piece; this tab does not have it. */
  | 'streamed'
  /** A bundle: its list is checked and on screen; this tab does not hold its files. */
  | 'listed'
  /** Checked, on screen, and held by this tab too. */
  | 'holding'
  /** Checked and on screen; the user stopped holding it. */
  | 'stopped'
  /** This tab held it until its file changed or went away. */
  | 'changed'
  /** Checked and on screen; this tab already holds as much as it may. */
  | 'full'
  /** Private, decrypted, on screen or ready to be saved; this tab does not hold it, since it is large. */
  | 'opened'
  /** The bytes are not the page: the frame was removed, and other peers are asked. */
  | 'wrong'
  /** Private, and the link has no key. */
  | 'locked'
  /** Private, and the key in the link does not fit. */
  | 'wrong-key'
  /** The link has a key, and the content is not private, or not as it was encrypted. */
  | 'damaged'
  /** Private, and the browser does not decrypt in this page. */
  | 'no-crypto'
  | VisitFailure

/** Why a page could not be fetched. The visit waits for a change then. */
export type VisitFailure =
  /** Nobody holds it now. */
  | 'gone'
  /** Somebody claims to hold it, and nobody sent the right bytes. */
  | 'unavailable'
  /** The network could not be reached. */
  | 'offline'
  /** Larger than content may be. */
  | 'too-large'

/** The state in the document that the gateway served. */
export type ServedState = 'found' | 'gone' | 'unavailable' | 'offline'

/** The facts that the gateway wrote into the document. */
export interface ServedPage {
  state: ServedState
  /** Of content that is no bundle and not private. */
  facts?: ContentFacts
}

/** The place on the page where the content appears. */
export interface ContentScreen {
  /** Shows the gateway's answer; no change when it is already shown. */
  showRaw(path: string, type: string): void
  /** Clears a frame that the gateway put there, unless the browser says that it loaded the page and no error. */
  clearUnlessLoaded(): void
  /** Shows a text that this tab has, set to be read. */
  showText(bytes: Uint8Array): void
  /** Shows bytes that this tab has, without the gateway. */
  showLocal(bytes: Uint8Array): void
  /** Shows or plays a large file that this tab has, if it is an image, audio, video or PDF. */
  showBlob(blob: Blob): void
  clear(): void
}

export interface ContentFacts {
  size: number
  /** Media type, from the gateway or from the private content itself. */
  type?: string
  /** File name, from the private content itself. */
  name?: string
}
