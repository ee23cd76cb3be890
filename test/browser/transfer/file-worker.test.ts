import { afterEach, expect, it, vi } from 'vitest'
import type { FileAnswer, FileRequest } from '../../../browser/transfer/file-worker.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** Runs the worker's code here, over a file that answers `written` to each write of four bytes. `closed` is called when its handle is. */
async function startWorker(written: (bytes: number) => number, closed: () => void = () => {}, getFileHandle = async () => {}) {
  const access = {
    getSize: () => 0,
    truncate: () => {},
    read: () => 0,
    write: (bytes: Uint8Array) => (bytes.byteLength === 4 ? written(4) : bytes.byteLength),
    flush: () => {},
    close: closed,
  }
  const directory: Record<string, () => Promise<object>> = {
    getDirectoryHandle: async () => directory,
    async getFileHandle() {
      await getFileHandle()
      return { createSyncAccessHandle: async () => access }
    },
  }
  const getDirectory = vi.fn(async () => directory)
  let receive: (event: { data: FileRequest & { id: number } }) => Promise<void> = async () => {}
  let answer: FileAnswer | undefined
  vi.stubGlobal('navigator', { storage: { getDirectory } })
  vi.stubGlobal('addEventListener', (_type: string, listener: typeof receive) => {
    receive = listener
  })
  vi.stubGlobal('postMessage', (message: FileAnswer) => {
    answer = message
  })
  await import('../../../browser/transfer/file-worker.ts')
  expect(getDirectory).toHaveBeenCalledOnce() // at its start, so that the first file does not wait for the browser's first answer
  getDirectory.mockClear()
  const call = async (request: FileRequest) => {
    await receive({ data: { ...request, id: 1 } })
    return answer
  }
  return Object.assign(call, { getDirectory })
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

it('the file worker looks a directory up once for the files in it, and again when it was removed meanwhile', async () => {
  let isRemoved = false
  const getFileHandle = async () => {
    if (!isRemoved) return
    isRemoved = false
    throw new DOMException('It is not there', 'NotFoundError')
  }
  const call = await startWorker((bytes) => bytes, undefined, getFileHandle)
  const open = (file: string) => call({ type: 'open', file, path: ['all', 'session', file], shape: { size: 8, pieceBytes: 4 } })
  const opened = { id: 1, bytes: new Uint8Array(1) }
  expect([await open('a'), await open('b')]).toEqual([opened, opened])
  expect(call.getDirectory).toHaveBeenCalledTimes(1)
  isRemoved = true
  expect(await open('c')).toEqual(opened)
  expect(call.getDirectory).toHaveBeenCalledTimes(2)
})

it('the file worker says why a file does not open, and looks its directory up again for the next', async () => {
  const call = await startWorker(
    (bytes) => bytes,
    undefined,
    async () => {
      throw new DOMException('No', 'NotAllowedError')
    },
  )
  const open = () => call({ type: 'open', file: 'a', path: ['all', 'a'], shape: { size: 8, pieceBytes: 4 } })
  expect(await open()).toMatchObject({ errorName: 'NotAllowedError' })
  expect(await open()).toMatchObject({ errorName: 'NotAllowedError' })
  expect(call.getDirectory).toHaveBeenCalledTimes(2)
})

it('the file worker looks a removed directory up again, too, while it opens a file of another one', async () => {
  let isRemoved = false
  const getFileHandle = async () => {
    if (!isRemoved) return
    isRemoved = false
    throw new DOMException('It is not there', 'NotFoundError')
  }
  const call = await startWorker((bytes) => bytes, undefined, getFileHandle)
  const open = (...path: string[]) => call({ type: 'open', file: path.join('/'), path, shape: { size: 8, pieceBytes: 4 } })
  const opened = { id: 1, bytes: new Uint8Array(1) }
  await open('one', 'a')
  isRemoved = true
  expect(await Promise.all([open('one', 'b'), open('other', 'c')])).toEqual([opened, opened])
})
