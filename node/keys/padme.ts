/** Sizes of padded plain text, so that the size of its cipher text tells little. Each layout fills the padding itself. */

/**
 * The size after padding, in bytes: `atLeast`, and above it by Padmé, which keeps only the first few bits of a size.
 *
 * @see https://doi.org/10.2478/popets-2019-0056 (Nikitin et al., Reducing Metadata Leakage from Encrypted Files, 2019, section 4)
 */
export function padmeBytes(size: number, atLeast: number): number {
  const bytes = Math.max(size, atLeast)
  const exponent = Math.floor(Math.log2(bytes))
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1))
  return Math.ceil(bytes / step) * step
}
