/** A thread of a page that compares pieces with their SHA-256, and gives their bytes back. */

export interface DigestRequest {
  index: number
  bytes: Uint8Array<ArrayBuffer>
  /** In hex. */
  sha256: string
}

export interface DigestAnswer {
  index: number
  bytes: Uint8Array<ArrayBuffer>
  isRight: boolean
}

/** The part of a worker's global that is used here; the page's own types know only windows. */
const thread = globalThis as unknown as { postMessage(answer: DigestAnswer, transfer: Transferable[]): void }

addEventListener('message', async ({ data }: MessageEvent<DigestRequest>) => {
  const { index, bytes, sha256 } = data
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const isRight = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === sha256
  thread.postMessage({ index, bytes, isRight }, [bytes.buffer])
})
