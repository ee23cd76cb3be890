/** Entries of a share that are wanted, or given. Pure. */

/** By their numbers; 'all': what comes later, too. */
export type Chosen = ReadonlySet<number> | 'all'

export const chosenOf = (ids: readonly number[] | undefined): Chosen => (ids === undefined ? 'all' : new Set(ids))

/** Undefined: all. */
export const idsOf = (chosen: Chosen): number[] | undefined => (chosen === 'all' ? undefined : [...chosen])

export const isChosen = (chosen: Chosen | undefined, id: number): boolean => chosen === 'all' || chosen?.has(id) === true

export function joinChosen(before: Chosen | undefined, more: Chosen): Chosen {
  return before === 'all' || more === 'all' ? 'all' : new Set([...(before ?? []), ...more])
}
