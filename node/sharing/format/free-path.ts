/** A path that no other entry has: `name (2).ext`. Pure. */

/** @param isTaken tells of a path whether another has it */
export function freePath(path: string, isTaken: (path: string) => boolean): string {
  if (!isTaken(path)) return path
  const slash = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  const end = dot > slash ? dot : path.length // a leading dot begins no ending
  for (let number = 2; ; number++) {
    const other = `${path.slice(0, end)} (${number})${path.slice(end)}`
    if (!isTaken(other)) return other
  }
}
