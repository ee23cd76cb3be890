/**
 * Memory of bytes, as V8 counts it. By default V8 counts the bytes of buffers, which lie outside its heap, towards the limit at which it
 * collects the heap: a node then collects its whole heap again and again while it reads or sends pieces. Counted towards the limit of all memory
 * they are collected as well, but less often. With it the sender of a large content took 2.2 s/GiB of processor time, not 4.2, and the reader
 * 4.8, not 6.7 (`npm run bench -- bulk`, the best of some transfers each in one run on a busy machine, 2026-11).
 */

import { setFlagsFromString } from 'node:v8'

/** The V8 of Node.js 24, in which this was measured. Others may not know the flag, and would say so on stderr. */
const MEASURED = '13.6.'

/** For a process of our own, before it makes large buffers: the process of a library's user is not ours to set. */
export function countBytesApart(): void {
  if (process.versions.v8.startsWith(MEASURED)) setFlagsFromString('--external-memory-accounted-in-global-limit')
}
