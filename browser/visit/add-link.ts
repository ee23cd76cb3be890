/** Links that add somebody, or a place of one's own account. Their token stands behind `#`, so no gateway sees it. Pure. */

export type AddKind = 'contact' | 'device'

export interface AddLink {
  kind: AddKind
  token: string
}

const NAMES: Readonly<Record<AddKind, string>> = { contact: 'add', device: 'add-place' }
const FORM = /^#(add|add-place)=([a-z2-7]{26})$/i

/** @param gateway the origin at which links made here work */
export const addLinkOf = (gateway: string, { kind, token }: AddLink): string => `${gateway}/${fragmentOf({ kind, token })}`

export const fragmentOf = ({ kind, token }: AddLink): string => `#${NAMES[kind]}=${token}`

export function readAddFragment(fragment: string): AddLink | undefined {
  const [, name, token] = FORM.exec(fragment) ?? []
  if (name === undefined || token === undefined) return undefined
  return { kind: name.toLowerCase() === NAMES.device ? 'device' : 'contact', token: token.toLowerCase() }
}

/** The kind that a pasted text says, where it is a link; a code or a bare token does not say it. */
export function kindInText(text: string): AddKind | undefined {
  const at = text.indexOf('#')
  return at === -1 ? undefined : readAddFragment(text.slice(at).trim())?.kind
}
