/** Sizes and numbers of files, in words. */

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** `0 bytes`, `1 byte`, `999 bytes`, `1.5 KiB`, `256 KiB`, `2 MiB`, `64 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes < KIB) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  if (bytes < MIB) return `${rounded(bytes / KIB)} KiB`
  return bytes < GIB ? `${rounded(bytes / MIB)} MiB` : `${rounded(bytes / GIB)} GiB`
}

export function filesText(count: number): string {
  return count === 1 ? '1 file' : `${count} files`
}

/** As `sizeText`, followed by the exact number: `256.1 KiB (262,245 bytes)`. */
export function exactSizeText(bytes: number): string {
  return bytes < KIB ? sizeText(bytes) : `${sizeText(bytes)} (${bytes.toLocaleString('en')} bytes)`
}

function rounded(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}
