/** An inbox on a disk that is full, or that returns damaged bytes. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { InboxMessage } from '../../node/inbox.ts'
import { InboxDatabase } from '../../node/server/inbox/inbox-database.ts'
import { createRandom } from '../../scripts/crash/random.ts'
import { createInbox } from '../helpers/inbox.ts'
import { createLineLog } from '../helpers/line-log.ts'
import { sampleMessage } from '../helpers/sample-messages.ts'
import { createSmallDisk } from '../helpers/small-disk.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MIB = 2 ** 20
const LIMITED_KEEPER = fileURLToPath(new URL('../helpers/limited-keeper.ts', import.meta.url))

function bodyOf(i: number): string {
  return `message ${i} `.repeat(200)
}

describe('inbox: a full disk', () => {
  test('refuses, keeps what it has, and goes on by itself when there is room', async (context) => {
    const disk = await createSmallDisk(6 * MIB)
    context.skip(disk === undefined, 'this process may mount nothing; what follows does the same with a limit of file sizes')
    const filler = join(disk as string, 'filler')
    await writeFile(filler, new Uint8Array(3 * MIB))
    const opened = await createInbox({ path: join(disk as string, 'inbox.db'), senderRate: 0 })
    const { inbox, events } = opened
    let stored = 0
    let refused: string | undefined
    for (let i = 0; refused === undefined; i++) {
      const [kept] = await inbox.keep('#a', [sampleMessage({ body: bodyOf(i) })])
      if (kept === 'stored') stored++
      else refused = kept
    }
    expect([refused, events]).toEqual(['not-stored', [{ type: 'failing', reason: expect.any(String) }]])
    expect(stored).toBeGreaterThan(50)
    const isThere = () => {
      const messages = inbox.messages({ limit: 10_000, first: 'oldest' })
      expect(messages.map(({ body }) => Buffer.from(body).toString())).toEqual(Array.from({ length: stored }, (_, i) => bodyOf(i)))
      expect(inbox.counts().messages).toBe(stored)
    }
    isThere()
    expect(await inbox.keep('#a', [sampleMessage({ body: 'x'.repeat(60_000) })])).toEqual(['not-stored'])
    isThere()

    await rm(filler)
    expect(await inbox.keep('#a', [sampleMessage({ body: bodyOf(stored) })])).toEqual(['stored'])
    stored++
    expect(events.slice(1)).toEqual([{ type: 'recovered' }])
    isThere()
    expect(opened.reopen().inbox.counts().messages).toBe(stored)
  })

  test('a file that must not grow is a full disk, too', async () => {
    const path = join(await createTemporaryDirectory(), 'inbox.db')
    const child = spawn('prlimit', [`--fsize=${MIB}:unlimited`, process.execPath, LIMITED_KEEPER, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const { waitFor } = createLineLog(child.stdout)
    const { stored: before, result } = JSON.parse(await waitFor(() => true))
    expect([result, before > 10]).toEqual(['not-stored', true])
    const [raised] = await once(spawn('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:unlimited']), 'exit')
    expect(raised).toBe(0)
    child.stdin.end('go on\n')
    const after = JSON.parse(await waitFor(() => true, { from: 1 }))
    expect(after).toEqual({ stored: before + 1, result: 'stored', events: ['failing', 'recovered'] })
    const { inbox } = await createInbox({ path })
    expect(inbox.messages({ limit: 10_000, first: 'oldest' })).toHaveLength(before + 1)
  })
})

describe('inbox: flipped bits', () => {
  const MESSAGES = 200
  /** Bits that are flipped, each in a copy of its own. */
  const FLIPS = 80

  async function written() {
    const { inbox, path } = await createInbox()
    for (let i = 0; i < MESSAGES; i += 20) {
      await inbox.keep(
        '#a',
        Array.from({ length: 20 }, (_, j) => sampleMessage({ from: `sender ${j % 7}`, body: bodyOf(i + j), isSealed: j % 2 === 0 })),
      )
    }
    const messages = inbox.messages({ limit: MESSAGES, first: 'oldest' })
    inbox.close()
    return { path, messages }
  }

  test('no changed message is shown, missing ones are reported, and the file is left as it is', async () => {
    const { path, messages } = await written()
    const bytes = await readFile(path)
    const seed = Date.now() % 2 ** 31
    const random = createRandom(seed)
    const seen = { refused: 0, told: 0, harmless: 0 }
    for (let i = 0; i < FLIPS; i++) {
      const at = Math.floor(random() * bytes.byteLength)
      const bit = Math.floor(random() * 8)
      const where = `seed ${seed}: bit ${bit} of byte ${at}`
      const copy = `${path}.${i}`
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] as number) ^ (1 << bit)
      await writeFile(copy, flipped)
      const { outcome, found } = await readAll(copy)
      seen[outcome]++
      const right = found.filter((message) => messages.some((other) => isSame(other, message)))
      expect(right.length, `${where}: ${outcome}`).toBe(found.length)
      if (outcome === 'harmless') expect(found, where).toHaveLength(MESSAGES)
      if (outcome === 'refused') expect(Buffer.compare(await readFile(copy), flipped), where).toBe(0)
      for (const suffix of ['', '-wal', '-shm']) await rm(copy + suffix, { force: true })
    }
    // Most of the file is messages; the rest is the tree, the indexes, and room that nobody uses.
    expect(seen.told, JSON.stringify(seen)).toBeGreaterThan(FLIPS / 4)
  })

  /** As its owner would, first as an inbox, then as an export. */
  async function readAll(path: string): Promise<{ outcome: 'refused' | 'told' | 'harmless'; found: InboxMessage[] }> {
    try {
      const { inbox, events } = await createInbox({ path })
      const found = inbox.messages({ limit: MESSAGES, first: 'oldest' })
      inbox.close()
      const told = events.filter(({ type }) => type === 'damaged').length
      expect(found.length + told).toBe(MESSAGES)
      return { outcome: told === 0 ? 'harmless' : 'told', found }
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(DAMAGED|BAD_OPTION)$/) })
      return { outcome: 'refused', found: exported(path) }
    }
  }

  function exported(path: string): InboxMessage[] {
    try {
      const database = new InboxDatabase(path, () => {}, true)
      const found: InboxMessage[] = []
      for (const { message } of database.reader.everything()) {
        found.push(message)
        if (found.length > MESSAGES) break // it would never end
      }
      database.close()
      expect(new Set(found.map(({ sequence }) => sequence)).size).toBe(found.length)
      return found
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(DAMAGED|BAD_OPTION)$/) })
      return []
    }
  }

  function isSame(a: InboxMessage, b: InboxMessage): boolean {
    return (
      a.sequence === b.sequence && a.id === b.id && a.from === b.from && a.isSealed === b.isSealed && Buffer.compare(a.body, b.body) === 0
    )
  }

  interface Page {
    pgoffset: number
    pgsize: number
    ncell: number
  }

  /** Those that messages are on. @see https://www.sqlite.org/dbstat.html */
  function pagesOfMessages(path: string): Page[] {
    const database = new DatabaseSync(path)
    const pages = database.prepare("SELECT pgoffset, pgsize, ncell FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf'").all()
    database.close()
    return pages as unknown as Page[]
  }

  test('a page of zeros is reported and left as it is, and an export saves the others', async () => {
    const { path, messages } = await written()
    const pages = pagesOfMessages(path)
    const bytes = await readFile(path)
    const { pgoffset, pgsize } = pages[Math.floor(pages.length / 2)] as Page
    bytes.fill(0, pgoffset, pgoffset + pgsize)
    await writeFile(path, bytes)
    await expect(createInbox({ path })).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0)
    const saved = exported(path)
    expect(saved.length).toBeGreaterThan(MESSAGES - 10)
    for (const message of saved) expect(messages.some((other) => isSame(other, message))).toBe(true)
  })

  test('a page whose cells are not in order: an export of it ends, and has each of the others once', async () => {
    const { path, messages } = await written()
    const pages = pagesOfMessages(path).filter(({ ncell }) => ncell > 3)
    const bytes = await readFile(path)
    for (const { pgoffset, ncell } of pages) {
      const copy = `${path}.${pgoffset}`
      const damaged = Buffer.from(bytes)
      // Behind the page's header of eight bytes, where each cell is, in two bytes. @see https://www.sqlite.org/fileformat.html#b_tree_pages
      const [one, other] = [pgoffset + 8 + 2 * (ncell - 3), pgoffset + 8 + 2 * (ncell - 2)]
      bytes.copy(damaged, one, other, other + 2)
      bytes.copy(damaged, other, one, one + 2)
      await writeFile(copy, damaged)
      await expect(createInbox({ path: copy })).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
      const saved = exported(copy)
      expect(saved.length).toBeGreaterThan(MESSAGES - ncell)
      for (const message of saved) expect(messages.some((known) => isSame(known, message))).toBe(true)
    }
    expect(pages.length).toBeGreaterThan(5)
  })

  test.each([
    ['another program made', 'PRAGMA application_id = 1'],
    ['a later mayfly made', 'PRAGMA user_version = 99'],
  ])('an inbox that %s is refused', async (_, pragma) => {
    const { path } = await written()
    const database = new DatabaseSync(path)
    database.exec(pragma)
    database.close()
    const { mtimeMs } = await stat(path)
    await expect(createInbox({ path })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
    expect((await stat(path)).mtimeMs).toBe(mtimeMs)
  })

  test('a file that is no database is refused, and stays', async () => {
    const path = join(await createTemporaryDirectory(), 'inbox.db')
    await copyFile(fileURLToPath(import.meta.url), path)
    await expect(createInbox({ path })).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
    expect(await readFile(path)).toEqual(await readFile(fileURLToPath(import.meta.url)))
  })
})
