/**
 * Memory of bytes, as V8 counts it. By default V8 counts the bytes of buffers, which lie outside its heap, towards the limit at which it
 * collects the heap: a node then collects its whole heap again and again while it reads or sends pieces. Counted towards the limit of all memory
 * they are collected as well, but less often. `npm run bench -- bulk` prints the processor time of both ends, whose processes are set so.
 */

/** The V8 of Node.js 24, in which this was measured. Others may not know the flag, and would say so on stderr. */
const MEASURED = '13.6.'

/**
 * For a process of our own, before it makes large buffers, and before it loads much: the process of a library's user is not ours to set. V8 takes
 * compiled code only under the flags that it was made with, so what is loaded later, of Node.js itself, too, is compiled anew: a short command
 * does without. The code that was compiled before is cached first, under its own flags.
 */
export function countBytesApart(): void {
  if (!process.versions.v8.startsWith(MEASURED)) return
  process.getBuiltinModule('node:module').flushCompileCache()
  process.getBuiltinModule('node:v8').setFlagsFromString('--external-memory-accounted-in-global-limit')
}
