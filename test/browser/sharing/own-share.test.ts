/** How the files of a large folder become a share of this tab: with a peer that the test plays. */

import { expect, test } from 'vitest'
import type { ChosenFile } from '../../../browser/content/chosen-files.ts'
import { OwnShare } from '../../../browser/sharing/own-share.ts'
import { MayflyError, type ShareEntry, type ShareItem } from '../../../node/index.ts'
import { fakeWindow } from '../../helpers/awake-window.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

interface Listeners {
  onShared?(ownShare: OwnShare): void
  /** The disk was asked about one more file. */
  onAsked?(ownShare: OwnShare, count: number): void
}

function ownShareWith({ onShared = () => {}, onAsked = () => {} }: Listeners = {}) {
  const entries: ShareEntry[] = []
  const parts: number[] = []
  let state = 'open'
  const add = (items: readonly ShareItem[]) => {
    const added = items.map(
      ({ path }): ShareEntry => ({ id: entries.length + 1, path, size: 1, kind: 'file', state: 'reading' }) as ShareEntry,
    )
    for (const entry of added) entries.push({ ...entry, id: entries.length + 1 })
    parts.push(items.length)
    return entries.slice(-items.length)
  }
  const share = {
    ...{ id: 'a', path: '/s/a#b', rules: {}, entries, receivers: [] },
    get state() {
      return state
    },
    add: async (items: readonly ShareItem[]) => add(items),
    onChange: () => () => {},
    snapshot: () => new Uint8Array(),
    code: () => new Promise(() => {}),
    async end() {
      state = 'ended'
    },
  }
  /** Files about which the disk was asked. */
  const asked: string[] = []
  const library = {
    MayflyError,
    blobSource: ({ name }: File) => {
      asked.push(name)
      onAsked(ownShare, asked.length)
      return { size: 1, read: async () => new Uint8Array(1) }
    },
  }
  const sharing = {
    async share(items: readonly ShareItem[]) {
      add(items)
      return share
    },
  }
  const ownShare: OwnShare = new OwnShare({
    session: { library: async () => library, networkTime: () => 0 },
    peer: { open: async () => sharing },
    store: new MemoryStore(),
    window: fakeWindow().window,
  } as never)
  ownShare.shown.subscribe(() => onShared(ownShare))
  return { ownShare, parts, asked, entries }
}

const folder = (count: number): ChosenFile[] =>
  Array.from({ length: count }, (_, i) => ({
    path: `folder/${i}`,
    file: { name: `${i}`, size: 1_000_000, type: '', lastModified: 0 } as File,
  }))

test('own share: the link of a large folder is there when the disk was asked about its first files', async () => {
  let askedAtLink: number | undefined
  const made = ownShareWith({
    onShared(ownShare) {
      if (ownShare.shown.get()?.path === '/s/a#b') askedAtLink ??= made.asked.length
    },
  })
  await made.ownShare.addFiles(folder(10_000), {})
  expect(askedAtLink).toBe(32)
  expect(made.entries).toHaveLength(10_000)
  expect(made.ownShare.shown.get()?.entries).toHaveLength(10_000)
})

test('own share: a folder of which not all can be shared makes no share', async () => {
  const { ownShare, asked } = ownShareWith()
  await expect(ownShare.addFiles(folder(20_001), {})).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  expect([ownShare.share, asked]).toEqual([undefined, []])
})

test('own share: a share that is ended while its folder is still being added gets no more of it', async () => {
  const { ownShare, entries } = ownShareWith({
    onAsked(own, count) {
      if (count === 300) void own.end()
    },
  })
  await ownShare.addFiles(folder(1_000), {})
  expect(entries).toHaveLength(32 + 2 * 256)
})

test('own share: Share something else that is pressed twice leaves the next share alone', async () => {
  const { ownShare } = ownShareWith()
  await ownShare.addFiles(folder(1), {})
  const closing = [ownShare.close(), ownShare.close()]
  const adding = ownShare.addFiles(folder(1), {})
  await Promise.all([...closing, adding])
  expect(ownShare.shown.get()?.path).toBe('/s/a#b')
  expect(ownShare.share).toBeDefined()
})
