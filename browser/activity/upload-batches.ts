/** Batches uploads, so that views are updated a few times a second: a direct transfer uploads a hundred pieces in that time. */

import type { PeerEvent } from '../../node/index.ts'

/** Content, or pieces of it, sent to one peer in one way. */
export type Upload = Extract<PeerEvent, { type: 'served' }>

export const BATCH_MS = 250 // painting each piece took a fifth of the uploading tab's time (CPU profile, 2026-11)

export class UploadBatches {
  readonly #onBatch: (upload: Upload, times: number) => void
  /** By content, peer and way. Bounded by what can be uploaded in BATCH_MS. */
  readonly #pending = new Map<string, { upload: Upload; times: number }>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `onBatch` gets the first upload at once, and then sums of later ones. */
  constructor(onBatch: (upload: Upload, times: number) => void) {
    this.#onBatch = onBatch
  }

  add(upload: Upload): void {
    const id = `${upload.key} ${upload.to} ${upload.isDirect}`
    const before = this.#pending.get(id)
    this.#pending.set(id, { upload: { ...upload, bytes: upload.bytes + (before?.upload.bytes ?? 0) }, times: 1 + (before?.times ?? 0) })
    if (this.#timer === undefined) this.#flush()
  }

  #flush(): void {
    this.#timer = this.#pending.size === 0 ? undefined : setTimeout(() => this.#flush(), BATCH_MS)
    for (const [id, { upload, times }] of [...this.#pending]) {
      this.#pending.delete(id)
      this.#onBatch(upload, times)
    }
  }
}
