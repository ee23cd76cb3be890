/** Addresses of content on this site, and of its bytes alone: `/raw/<hash>`. */

import { encodePath } from '../../node/keys/link-path.ts'

export interface ContentAddress {
  hash: string
  /** The SHA-256 of the content's outline, in hex. With it a gateway can start anywhere, and check every byte before it sends it. */
  outline?: string
  /** A path inside a bundle, decoded; empty for its root. */
  inside?: string
  /** A file name, as the link says; nobody has checked it. */
  name?: string
}

export interface RawAddress extends ContentAddress {
  /** The browser saves the bytes, and does not show them. */
  download?: boolean
  format?: 'zip'
}

export function rawPathOf(address: RawAddress): string {
  const { outline, name, download, format } = address
  return `/raw/${contentPath(address)}${queryOf({ o: outline, download: download ? '1' : undefined, filename: download ? name : undefined, format })}`
}

/** The address of the whole content, without the path inside it. */
export function wholeAddress({ hash, outline }: ContentAddress): ContentAddress {
  return { hash, ...(outline && { outline }) }
}

export function contentPath({ hash, inside }: ContentAddress): string {
  return inside === undefined ? hash : `${hash}/${encodePath(inside)}`
}

/** A query of the parameters that are defined; empty when none is. */
export function queryOf(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
  return given.length === 0 ? '' : `?${given.join('&')}`
}
