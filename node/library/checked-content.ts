/** Content with checked arguments, for a peer that has it. */

import type * as content from '../content/types.ts'
import type * as core from '../peer.ts'
import {
  optional,
  readBoolean,
  readBytes,
  readFunction,
  readImplementation,
  readInteger,
  readObject,
  readOptions,
  readSignal,
} from './arguments.ts'
import { readContent, readPart } from './content-values.ts'
import type { Lenient } from './lenient.ts'
import { readAbortOptions, readKey } from './values.ts'

export interface ContentStore extends Omit<Lenient<content.ContentStore>, 'hold'> {
  /**
   * Stores the content, serves it, and holds its key. Text is stored as UTF-8. Bytes are kept in memory; a Blob, a file or a source is read once to
   * compute its key, and again as pieces are requested. Resolves once others can find the content, or after a short while when there is no record
   * node to tell.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_TOO_LARGE (over `maxContentBytes`), ERR_LIMIT (the store is full), ERR_BAD_OPTION
   * @throws signal.reason, when aborted
   */
  hold(data: string | Uint8Array | ArrayBuffer | Blob | content.ContentSource, options?: content.HoldOptions): Promise<content.HeldContent>
}

const readHoldOptions = readOptions<content.HoldOptions>({ signal: readSignal, isPart: readBoolean, expected: readKey })
const readOpenOptions = readOptions<content.OpenOptions>({ signal: readSignal, bundle: readKey, outline: readKey })
const readReadOptions = readOptions<content.ReadOptions>({ signal: readSignal, checksWhole: readBoolean, keepsNothing: readBoolean })
const readIndex = (value: unknown, what: string) => (value === 'outline' ? value : readInteger(value, what))
const readPiece = readObject<content.PieceAddress>({ key: readKey, outline: readKey, index: readIndex, bundle: readKey }, [
  'key',
  'outline',
  'index',
])
const readReceiveOptions = readObject<content.ReceiveOptions>(
  {
    signal: readSignal,
    outline: readKey,
    bundle: readKey,
    store: readImplementation<content.PieceStore>({ have: readBytes, write: readFunction, read: readFunction }),
    isDoubtful: readBoolean,
    onPiece: readFunction,
    onWaiting: readFunction,
  },
  ['outline', 'store'],
)

export function checkContent(store: core.Peer['content']): ContentStore {
  return {
    hold: async (data, options) =>
      store.hold(readContent(data, 'content.hold: content'), readHoldOptions(options, 'content.hold: options')),
    release: async (key) => store.release(readKey(key, 'content.release: key')),
    check: async (key, options) => store.check(readKey(key, 'content.check: key'), readAbortOptions(options, 'content.check: options')),
    held: () => store.held(),
    get: async (key, options) => store.get(readKey(key, 'content.get: key'), readAbortOptions(options, 'content.get: options')),
    async open(key, options) {
      const opened = await store.open(readKey(key, 'content.open: key'), readOpenOptions(options, 'content.open: options'))
      const { read } = opened
      const readOwnPart = readPart(opened.size)
      return Object.assign(opened, {
        read: ((part, abort) => read(readOwnPart(part, 'read: part'), readReadOptions(abort, 'read: options'))) satisfies typeof read,
      })
    },
    givePiece: async (piece, options) =>
      store.givePiece(readPiece(piece, 'content.givePiece: piece'), readAbortOptions(options, 'content.givePiece: options')),
    knows: (key, outline) => store.knows(readKey(key, 'content.knows: key'), optional(readKey)(outline, 'content.knows: outline')),
    receive: (key, options) => store.receive(readKey(key, 'content.receive: key'), readReceiveOptions(options, 'content.receive: options')),
    has: (key) => store.has(readKey(key, 'content.has: key')),
    isInMemory: (key) => store.isInMemory(readKey(key, 'content.isInMemory: key')),
  }
}
