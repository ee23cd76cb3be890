/**
 * A tab that shares, or receives a share, by the library as a gateway serves it: a receiver begins with the first stage, as the app does, and loads
 * its peer behind it. Received pieces are stored as the app stores them, in the browser's private file system (OPFS), from where other receivers can
 * have them. The complete content is decrypted as the app does it, while it comes, and compared.
 */

import type { Peer, ReceivedShare, Share, ShareEntry } from '../../../browser/library.ts'
import { readOnce } from '../../../browser/sharing/received-entry.ts'
import { type ComingFile, followFile } from '../../../browser/transfer/coming-file.ts'
import { DiskFiles } from '../../../browser/transfer/disk-files.ts'
import type { ReceivedFile } from '../../../browser/transfer/received-files.ts'
import type { FetchShape, LinkKey } from '../../../node/index.ts'
import { createSocketCarrier, openSealed, receiveEarly } from '../../../node/library/early-share.ts'
import { type BulkContent, bulkSource } from '../bulk-content.ts'
import { type BulkReading, startBulkMeter } from '../bulk-meter.ts'
import { answerCalls, readPageLink } from './bulk-page.ts'

export interface ShareLink {
  content: BulkContent
  /** Path of the share. */
  reference: string
  gateway: string
  /** False for a tab whose owner has turned WebRTC off. */
  hasWebRTC?: boolean
  /** False for a page that makes its peer before all else, so that it is connected directly when its first content is here. */
  hasFirstStage?: boolean
}

export interface TabReading extends BulkReading {
  /** See `ShareWay`. */
  way: string | undefined
}

const loadLibrary = () => import('./share-tab-library.ts')

let peer: Peer
let share: Share | undefined
let received: ReceivedShare
/** Opened with the first file: its worker would delay the list and the first byte. */
let files: DiskFiles | undefined
/** Bytes of the content that is coming, and bytes that this tab has sent, as they travel. */
let bytesHere = 0
let bytesGiven = 0
/** All that is in the share, and comes into it, was taken. */
let hasAll = false

const calls = {
  async start({ gateway, hasWebRTC = true }: Pick<ShareLink, 'gateway' | 'hasWebRTC'>): Promise<void> {
    performance.mark('peer wanted')
    const { createPeer } = await loadLibrary()
    performance.mark('code')
    peer = await createPeer({ gateway, sharing: true, ...(!hasWebRTC && { webRTC: false }) })
    performance.mark('peer')
    peer.onEvent((event) => {
      if (event.type === 'served') bytesGiven += event.bytes
    })
    await peer.start()
    performance.mark('started')
    await peer.joined()
    performance.mark('joined')
  },
  /** Adds the content to the share, which is made first. Resolves with its path once the content has been read. */
  async offer(content: BulkContent): Promise<string> {
    const items = [{ kind: 'file', path: nameOf(content), source: bulkSource(content) }] as const
    if (share === undefined) share = await sharing().share(items)
    else await share.add(items)
    const own = share
    await until(own, () => findReady(own.entries, content))
    return own.path
  },
  /** Reads from the share that the page was opened for. @param startedAtMs see `startBulkMeter` */
  async read({ content, startedAtMs: givenMs }: Pick<ShareLink, 'content'> & { startedAtMs?: number }): Promise<TabReading> {
    const entry = await until(received, () => findReady(received.entries, content))
    performance.mark('listed')
    const startedAtMs = givenMs ?? performance.now() // a list comes a little after its change
    const meter = startBulkMeter(content, startedAtMs)
    // Of a share that has grown for many readers it takes what it was opened for, as a person who was sent one file; the rest behind it.
    if (received.state !== 'taken') await received.take([entry.id])
    performance.mark('taken')
    const file = await fetchEntry(entry, (bytes) => meter.take(bytes))
    performance.mark('read')
    await file.close()
    received.saved(entry.id)
    const reading = { ...meter.end(), way: received.way }
    if (!hasAll) await received.take()
    hasAll = true
    return reading
  },
  /** The reading that the page was opened for. */
  opened: async (): Promise<TabReading> => opened ?? Promise.reject(new Error('The page was opened without a link')),
  /** The requests of this page and its marks, in order, each with when it began and ended, in ms from when it was opened. */
  timeline(): { what: string; fromMs: number; toMs: number }[] {
    const requests = performance.getEntriesByType('resource').map(({ name, startTime, duration }) => ({
      what: new URL(name).pathname,
      fromMs: startTime,
      toMs: startTime + duration,
    }))
    const marks = performance.getEntriesByType('mark').map(({ name, startTime }) => ({ what: name, fromMs: startTime, toMs: startTime }))
    return [...requests, ...marks].toSorted((a, b) => a.fromMs - b.fromMs)
  },
  bytesGiven: () => bytesGiven,
  bytesHere: () => bytesHere,
}

const nameOf = ({ seed }: BulkContent) => `${seed}.bin`

const findReady = (entries: readonly ShareEntry[], content: BulkContent) =>
  entries.find(({ path, state }) => path === nameOf(content) && state === 'ready')

function sharing(): NonNullable<Peer['sharing']> {
  if (peer.sharing === undefined) throw new Error('This peer shares nothing')
  return peer.sharing
}

/** Resolves with what is found, now or after a change. */
function until<T>(changing: Pick<Share, 'onChange'>, find: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const look = () => {
      const found = find()
      if (found === undefined) return
      stop()
      resolve(found)
    }
    const stop = changing.onChange(look)
    look()
  })
}

/** Resolves once all of it is stored, and read. @param take is handed the plain bytes in order, checked */
async function fetchEntry({ id }: ShareEntry, take: (bytes: Uint8Array) => void) {
  let stored: ReceivedFile | undefined
  let coming: ComingFile | undefined
  let reading: Promise<void> | undefined
  const openFile = async ({ hash, size, pieceBytes }: FetchShape) => {
    files ??= new DiskFiles('bench')
    stored = await files.open(hash, { size, pieceBytes })
    performance.mark('store')
    return stored
  }
  const storeFor = async (shape: FetchShape) => {
    const { size, pieceBytes, linkKey } = shape
    if (linkKey === undefined) throw new Error('It is not encrypted')
    coming = followFile(openFile(shape), { size, pieceBytes })
    reading = readPlain(coming, linkKey, take)
    reading.catch(() => {}) // thrown below
    return coming.store
  }
  try {
    await received.fetch(id, storeFor, {
      onBeginning: (bytes) => coming?.offer(bytes),
      onProgress(bytes) {
        if (bytes > 0 && bytesHere === 0) performance.mark('first piece')
        bytesHere = bytes
      },
    })
  } catch (error) {
    coming?.end(error)
    throw error
  }
  performance.mark('stored')
  await reading
  if (stored === undefined) throw new Error('What has come is not there')
  return stored
}

async function readPlain(coming: ComingFile, linkKey: LinkKey, take: (bytes: Uint8Array) => void): Promise<void> {
  const plain = await openSealed(readOnce(coming), linkKey)
  performance.mark('opened')
  let isFirst = true
  for await (const bytes of plain.read()) {
    if (isFirst) performance.mark('first byte')
    isFirst = false
    take(bytes)
  }
}

async function open(link: ShareLink): Promise<TabReading> {
  const { reference, gateway, hasFirstStage = true } = link
  performance.mark('begun')
  received = receiveEarly(
    reference,
    {},
    {
      openCarrier: hasFirstStage ? (id, visitor) => createSocketCarrier(gateway, id, visitor) : undefined,
      async openSharing() {
        await calls.start(link)
        return sharing()
      },
    },
  )
  return calls.read({ content: link.content, startedAtMs: 0 })
}

const link = readPageLink<ShareLink>()
const opened = link && open(link)
opened?.catch(() => {}) // told by `opened`

export type ShareTabPageCalls = typeof calls
answerCalls(calls)
