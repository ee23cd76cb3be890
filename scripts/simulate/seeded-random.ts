/** Randomness that is the same for the same seed. */

export type SeededRandom = ReturnType<typeof createSeededRandom>

/** The generator sfc32. @see https://pracrand.sourceforge.net/RNG_engines.txt */
export function createSeededRandom(seed: number) {
  let [a, b, c, d] = [seed | 0, 0x9e3779b9, 0x243f6a88, 1]
  /** From 0 to 1, 1 not among them. */
  function next(): number {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }
  for (let i = 0; i < 20; i++) next()
  return {
    next,
    /** A whole number from 0, below `end`. */
    below: (end: number) => Math.floor(next() * end),
    /** One of them, each as likely. */
    of: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T,
    /** A wait of which the mean is given. */
    exponential: (mean: number) => -Math.log(1 - next()) * mean,
    bytes: (count: number) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  }
}
