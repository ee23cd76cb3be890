/** Padding of what is encrypted, so that its size tells little. What the padding is made of is left to each layout. */

/**
 * The size after padding, in bytes: `atLeast`, and above it by Padmé, so that of a size only its first few bits are told.
 *
 * @see https://doi.org/10.2478/popets-2019-0056 (Nikitin et al., Reducing Metadata Leakage from Encrypted Files, 2019, section 4)
 */
export function padmeBytes(size: number, atLeast: number): number {
  const bytes = Math.max(size, atLeast)
  const exponent = Math.floor(Math.log2(bytes))
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1))
  return Math.ceil(bytes / step) * step
}
