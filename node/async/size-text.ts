/** Sizes as people read them. */

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** `0 bytes`, `1 byte`, `999 bytes`, `1.5 KiB`, `256 KiB`, `2 MiB`, `64 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes < KIB) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  if (bytes < MIB) return `${rounded(bytes / KIB)} KiB`
  return bytes < GIB ? `${rounded(bytes / MIB)} MiB` : `${rounded(bytes / GIB)} GiB`
}

function rounded(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}
