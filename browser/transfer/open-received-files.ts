/** Chooses where received files are stored: on disk where the browser allows it, otherwise in memory. */

import type { PeerSession } from '../peer/peer-session.ts'
import { openTabSession, removeEndedSessions, type SessionStore } from '../peer/tab-session.ts'
import { DiskFiles, FILES_DIRECTORY } from './disk-files.ts'
import { MemoryFiles, type ReceivedFiles } from './received-files.ts'

export async function openReceivedFiles(store: SessionStore, session: PeerSession): Promise<ReceivedFiles> {
  try {
    const name = await openTabSession(store, navigator.locks)
    const root = await navigator.storage.getDirectory()
    const directory = await root.getDirectoryHandle(FILES_DIRECTORY, { create: true })
    await directory.getDirectoryHandle(name, { create: true })
    void removeEndedSessions(directory, name, navigator.locks).catch(() => {}) // the next tab retries
    return new DiskFiles(name)
  } catch {
    return new MemoryFiles(async (size, maxBytes) => {
      const { MayflyError } = await session.library()
      return new MayflyError(
        'ERR_TOO_LARGE',
        `This browser gives the page no disk storage, and ${size} bytes are over the limit of ${maxBytes} bytes in memory`,
      )
    })
  }
}

export async function hasReceivedFiles(): Promise<boolean> {
  try {
    await (await navigator.storage.getDirectory()).getDirectoryHandle(FILES_DIRECTORY)
    return true
  } catch {
    return false
  }
}
