/** The storage for what a tab receives, where its code could not be loaded at first. */

import { expect, test, vi } from 'vitest'
import { Transfers } from '../../../browser/transfer/transfers.ts'

const loaded = vi.hoisted(() => ({ files: {}, open: vi.fn() }))
vi.mock('../../../browser/transfer/open-received-files.ts', () => ({ openReceivedFiles: loaded.open }))

test('storage that could not be opened is opened by the next call, and once when it could', async () => {
  loaded.open.mockRejectedValueOnce(new TypeError('Failed to fetch dynamically imported module')).mockResolvedValue(loaded.files)
  const transfers = new Transfers({} as ConstructorParameters<typeof Transfers>[0])
  await expect(transfers.openFiles()).rejects.toThrow('Failed to fetch')
  expect([await transfers.openFiles(), await transfers.openFiles()]).toEqual([loaded.files, loaded.files])
  expect(loaded.open).toHaveBeenCalledTimes(2)
})
