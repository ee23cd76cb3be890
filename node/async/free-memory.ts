/** Memory of bytes that are used no more. */

/**
 * Gives the memory back at once, where the engine can: until the garbage collector comes by, a page that moves many MiB would take fresh memory for
 * each part, which costs more than copying it (256 KiB: 146 µs fresh, 2 µs again; Node.js 24, 2026-11). Nobody may use the buffer any more.
 *
 * @see https://tc39.es/ecma262/#sec-arraybuffer.prototype.transfer
 */
export function freeMemory(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && 'transfer' in buffer && !buffer.detached) buffer.transfer(0)
}

/** The same for bytes that are the whole of their buffer; others may use the rest of it. */
export function freeBytes({ buffer, byteLength }: Uint8Array): void {
  if (byteLength === buffer.byteLength) freeMemory(buffer)
}

/**
 * The memory of bytes that are used no more, to be used for others: the bytes themselves are gone. Undefined where the engine cannot do that, and for
 * a part of a buffer, of which others may use the rest.
 */
export function takeMemory({ buffer, byteLength }: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const isOwn = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength
  return isOwn && 'transfer' in buffer && !buffer.detached ? new Uint8Array(buffer.transfer()) : undefined
}
