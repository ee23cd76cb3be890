/**
 * The form of links to content, as texts that nobody has checked: `/<hash>/<path>?o=<outline>&filename=<name>#k=<key>`. Pure and without imports:
 * the app reads its address bar with it before the peer is loaded. `link.ts` checks each part.
 */

export interface LinkParts {
  /** `/raw/<hash>` and `/ipfs/<cid>` name the same content as `/<hash>`. */
  place?: 'raw' | 'ipfs'
  /** A hash, or a CID. */
  name: string
  /** The path behind the hash and its slash, encoded as in a URL; empty for the root of a bundle. */
  inside?: string
  outline?: string
  /** The name of a single file. */
  filename?: string
  /** The key of private content, perhaps not whole. */
  secret?: string
}

const PATH_FORM = /^\/(?:(raw|ipfs)\/)?([^/]+)(?:\/(.*))?$/
/** The beginning of a private link's fragment. */
const FRAGMENT = /^#k=(.*)$/

/** Undefined for a path that cannot name content. The path, the query and the fragment are those of a URL, each with its first character. */
export function splitLink({ pathname, search, hash }: Pick<URL, 'pathname' | 'search' | 'hash'>): LinkParts | undefined {
  const [, place, name, inside] = PATH_FORM.exec(pathname) ?? []
  if (name === undefined) return undefined
  const query = new URLSearchParams(search)
  const outline = query.get('o')
  const filename = query.get('filename')
  const secret = linkKeyTextOf(hash)
  return {
    ...(place !== undefined && { place: place as 'raw' | 'ipfs' }),
    name,
    ...(inside !== undefined && { inside }),
    ...(outline !== null && { outline }),
    ...(filename && { filename }),
    ...(secret !== undefined && { secret }),
  }
}

/** The link, from its first slash on. That of private content carries no file name: the name is encrypted with the content. */
export function joinLink({ place, name, inside, outline, filename, secret }: LinkParts): string {
  const path = `/${place === undefined ? '' : `${place}/`}${name}${inside === undefined ? '' : `/${inside}`}`
  const query = [
    ...(outline === undefined ? [] : [`o=${outline}`]),
    ...(filename === undefined || secret !== undefined ? [] : [`filename=${encodeURIComponent(filename)}`]),
  ].join('&')
  return `${path}${query && '?'}${query}${secret === undefined ? '' : linkKeyFragment(secret)}`
}

/** The key's text in the fragment of a URL (with its `#`), as it stands there; undefined when the fragment is something else. */
export function linkKeyTextOf(fragment: string): string | undefined {
  return FRAGMENT.exec(fragment)?.[1]
}

/** The fragment of a private link, with its `#`. */
export function linkKeyFragment(text: string): string {
  return `#k=${text}`
}
