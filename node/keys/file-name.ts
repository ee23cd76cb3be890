/** Names of files that strangers chose, made harmless. */

/** Common file systems allow 255 bytes in a name. */
const MAX_NAME_BYTES = 255
/** Control characters, and bidirectional controls, which show `gpj.exe` as `exe.jpg`. */
const DECEIVING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g
const SEPARATORS = /[/\\]/g

/** The name without deceiving characters and path separators; empty when nothing is left. */
export function harmlessName(name: string): string {
  const clean = name.toWellFormed().replace(DECEIVING, '').replace(SEPARATORS, '_').trim()
  return cutToBytes(clean === '.' || clean === '..' ? '' : clean, MAX_NAME_BYTES)
}

/** Cuts between characters, never inside one. */
function cutToBytes(text: string, maxBytes: number): string {
  const encoder = new TextEncoder()
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read)
}
