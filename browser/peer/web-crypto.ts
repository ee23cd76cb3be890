/** WebCrypto is there in pages from https and from the machine itself, and missing in those that came by plain http from another machine. */
export function hasWebCrypto(): boolean {
  return (globalThis.crypto as Partial<Crypto> | undefined)?.subtle !== undefined
}
