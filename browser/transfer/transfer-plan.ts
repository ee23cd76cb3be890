/** The contents that a transfer fetches. They stand apart from `transfer.ts`, which is loaded for the first transfer. */

import type { BundleFile } from '../content/bundle-files.ts'

/** The contents to fetch. Plain data: it is stored in the tab's session storage. */
export interface TransferPlan {
  hash: string
  label: string
  /** One file for a single content; several for a bundle. */
  files: readonly BundleFile[]
  /** The encoded list of a bundle, in base64. */
  bundle?: string
}

/** The sum of its files, in bytes. */
export function bytesIn({ files }: TransferPlan): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}
