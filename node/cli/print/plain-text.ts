/** Whether bytes may be shown on a terminal: UTF-8 without control characters other than tab and line ends. */

export interface PlainTextCheck {
  /** True while everything so far is plain text. A character may be cut between two chunks. */
  isPlain(chunk: Uint8Array): boolean
}

export function createPlainTextCheck(): PlainTextCheck {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return {
    isPlain(chunk) {
      try {
        const text = decoder.decode(chunk, { stream: true })
        return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text)
      } catch {
        return false
      }
    },
  }
}
