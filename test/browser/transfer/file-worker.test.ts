import { afterEach, expect, it, vi } from 'vitest'
import type { FileAnswer, FileRequest } from '../../../browser/transfer/file-worker.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** Runs the worker's code here, over a file that answers `written` to each write of four bytes. `closed` is called when its handle is. */
async function startWorker(written: (bytes: number) => number, closed: () => void = () => {}) {
  const access = {
    getSize: () => 0,
    truncate: () => {},
    read: () => 0,
    write: (bytes: Uint8Array) => (bytes.byteLength === 4 ? written(4) : bytes.byteLength),
    flush: () => {},
    close: closed,
  }
  const directory = { getFileHandle: async () => ({ createSyncAccessHandle: async () => access }) }
  let receive: (event: { data: FileRequest & { id: number } }) => Promise<void> = async () => {}
  let answer: FileAnswer | undefined
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => directory } })
  vi.stubGlobal('addEventListener', (_type: string, listener: typeof receive) => {
    receive = listener
  })
  vi.stubGlobal('postMessage', (message: FileAnswer) => {
    answer = message
  })
  await import('../../../browser/transfer/file-worker.ts')
  return async (request: FileRequest) => {
    await receive({ data: { ...request, id: 1 } })
    return answer
  }
}

it.each([
  ['no byte', () => 0],
  ['fewer bytes', () => 3],
  ['a number beyond the bytes, as Chromium does past 2 GiB in its private windows', () => 4_294_967_288],
])('the file worker reports a write that wrote %s', async (_, written) => {
  const call = await startWorker(written)
  const shape = { size: 8, pieceBytes: 4 }
  await call({ type: 'open', file: 'a', path: ['a'], shape })
  expect(await call({ type: 'write', file: 'a', index: 0, bytes: new Uint8Array(4) })).toMatchObject({
    error: 'This device, or this kind of browser window, has no space left',
    errorName: 'QuotaExceededError',
  })
})

it('the file worker closes a file for whose record there is no room: the next try can open it', async () => {
  const closed = vi.fn()
  const call = await startWorker(() => {
    throw new DOMException('The operation failed', 'QuotaExceededError')
  }, closed)
  // The record of 32 pieces has four bytes.
  const answer = await call({ type: 'open', file: 'a', path: ['a'], shape: { size: 128, pieceBytes: 4 } })
  expect(answer).toMatchObject({ error: expect.stringContaining('no space left'), errorName: 'QuotaExceededError' })
  expect(closed).toHaveBeenCalledOnce()
})

it('the file worker writes, and gives the bytes back', async () => {
  const call = await startWorker((bytes) => bytes)
  await call({ type: 'open', file: 'a', path: ['a'], shape: { size: 8, pieceBytes: 4 } })
  const bytes = Uint8Array.of(1, 2, 3, 4)
  expect(await call({ type: 'write', file: 'a', index: 0, bytes })).toEqual({ id: 1, bytes })
})
