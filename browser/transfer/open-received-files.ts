/** Chooses where received files are stored: on disk or in IndexedDB where the browser allows it, otherwise in memory. */

import type { PeerSession } from '../peer/peer-session.ts'
import { storageLocks } from '../peer/storage-locks.ts'
import {
  openTabSession,
  removeEndedSessions,
  type SessionDirectory,
  type SessionLocks,
  type SessionStore,
  webLocks,
} from '../peer/tab-session.ts'
import { DatabaseFiles, hasFilesDatabase, openFilesDatabase, sessionsIn } from './database-files.ts'
import { DiskFiles, FILES_DIRECTORY } from './disk-files.ts'
import { MemoryFiles, type ReceivedFiles } from './received-files.ts'

export async function openReceivedFiles(store: SessionStore, session: PeerSession): Promise<ReceivedFiles> {
  try {
    const locks = navigator.locks ? webLocks(navigator.locks) : storageLocks(window)
    const name = await openTabSession(store, locks)
    return await openDiskFiles(name, locks).catch(() => openDatabaseFiles(name, locks))
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

async function openDiskFiles(name: string, locks: SessionLocks): Promise<ReceivedFiles> {
  const root = await navigator.storage.getDirectory()
  const directory = await root.getDirectoryHandle(FILES_DIRECTORY, { create: true })
  await directory.getDirectoryHandle(name, { create: true })
  const keys = async () => {
    const names: string[] = []
    for await (const session of directory.keys()) names.push(session)
    return names
  }
  removeEnded({ keys, remove: (ended) => directory.removeEntry(ended, { recursive: true }) }, name, locks)
  return new DiskFiles(name)
}

async function openDatabaseFiles(name: string, locks: SessionLocks): Promise<ReceivedFiles> {
  const database = await openFilesDatabase()
  removeEnded(sessionsIn(database), name, locks)
  return new DatabaseFiles(database, name)
}

function removeEnded(directory: SessionDirectory, own: string, locks: SessionLocks): void {
  void removeEndedSessions(directory, own, locks).catch(() => {}) // the next tab retries
}

export async function hasReceivedFiles(): Promise<boolean> {
  try {
    await (await navigator.storage.getDirectory()).getDirectoryHandle(FILES_DIRECTORY)
    return true
  } catch {
    return hasFilesDatabase().catch(() => false)
  }
}
