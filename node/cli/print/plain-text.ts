/** Whether bytes may be shown on a terminal: UTF-8 without control characters other than tab and line ends. */

/** @returns a function that answers true while all chunks so far are plain text; a character may be cut between two of them */
export function createPlainTextCheck(): (chunk: Uint8Array) => boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return (chunk) => {
    try {
      return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(decoder.decode(chunk, { stream: true }))
    } catch {
      return false
    }
  }
}
