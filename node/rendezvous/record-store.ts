/**
 * Holder records, in memory only: those that this node keeps for the overlay, and those of its own tabs. A record is never served past its
 * lease. At a limit, a new record is refused or takes the place of one of the largest user's, never of a small user's.
 */

import { encodeKeyHex } from '../keys/index.ts'
import { shuffle } from '../network/shuffle.ts'
import type { Key } from '../types.ts'
import { createKeptContents, type Giver, type KeptCopy } from './kept-contents.ts'
import { createKeyListeners } from './key-listeners.ts'
import { createMissedKeys, type MissedKeys } from './missed-keys.ts'

/** One holder's presence at one key. */
export interface HolderRecord {
  key: Key
  /** Peer id, text form. */
  holder: string
  home: string
  expiresAtMs: number
  /** The signed lease; undefined for what a stock kad-dht peer announced of itself. */
  lease: Uint8Array | undefined
  /** The mark of the holder's browser at this key, hex: holders with the same one are one person. */
  mark?: string | undefined
  /** The stream that brought the record, which ends with it, or a stock peer's name. */
  source: RecordSource
  /** The stream is of a server that carries it for its home: several may, for the moment that the home goes from one to another. */
  isCarried?: boolean
  /** Content of the key that came with the lease, and is right. It is kept only while the record stands, and its stream is open. */
  content?: Uint8Array | undefined
}

export interface KeptRecord extends HolderRecord, Giver {
  /** Its end by the monotonic clock: steps of the other clocks neither end it nor keep it. */
  endsAtMs: number
  /** Other streams that have carried it, the newest last: it stays while one of them stands. Bounded by the carriers of a home. */
  alsoFrom: readonly RecordSource[]
}

export type RecordSource = StreamSource | object | string

/** A stream that a peer has opened: of two of one peer the later one stands for all that the peer tells. */
export interface StreamSource {
  readonly peer: string
  /** It stands for a moment, and only for what no other stream tells: nothing that it has brought can be released by it any more. */
  hasEnded?: boolean
}

const NOBODY: readonly RecordSource[] = []

export interface RecordStoreOptions {
  maxRecords: number
  maxRecordsPerKey: number
  /** Bytes of the contents of records, in all, at most `MAX_KEPT_BYTES`. */
  maxKeptBytes?: number
}

/** Some thousand small pages, which a home tells to a record node with its leases at once. A record that finds no room goes without. */
const MAX_KEPT_BYTES = 8 * 1_048_576

export type PutRefusal = 'records-per-key' | 'records' | 'older'

interface KeyRecords extends KeptCopy {
  /** By holder. Bounded: maxRecordsPerKey. */
  holders: Map<string, KeptRecord>
  /** No record of this key runs out before. */
  earliestExpiryMs: number
  /** The different homes among them, once somebody has asked; a message to a busy end asks again and again. */
  homes: string[] | undefined
  /** Holders by mark. Bounded: the holders. */
  marks: Map<string, number>
  /** Holders that have a mark. */
  marked: number
}

export type RecordStore = ReturnType<typeof createRecordStore>

/** @param now the time that records go by, in ms since the epoch. @param monotonic clock of any origin, by which they end */
export function createRecordStore(options: RecordStoreOptions, now: () => number, random: () => number, monotonic: () => number = now) {
  /** By key, hex. Bounded: maxRecords. */
  const keys = new Map<string, KeyRecords>()
  const sources: Sources = new Map()
  const listeners = createKeyListeners()
  const contents = createKeptContents(Math.min(options.maxKeptBytes ?? MAX_KEPT_BYTES, MAX_KEPT_BYTES))
  const missed = createMissedKeys(monotonic)
  let size = 0

  function drop(id: string, entry: KeyRecords, record: KeptRecord): void {
    entry.holders.delete(record.holder)
    countMark(entry, record, -1)
    contents.drop(entry, record)
    entry.homes = undefined
    if (entry.holders.size === 0) keys.delete(id)
    for (const source of [record.source, ...record.alsoFrom]) forgetAt(sources, source, record)
    size--
  }

  /** The source stands for the record no longer: another one may. */
  function leave(record: KeptRecord, source: RecordSource): void {
    const next = record.alsoFrom.at(-1)
    if (record.source === source && next === undefined) return void evict(record)
    if (record.source === source && next !== undefined) record.source = next
    forgetContent(record, source)
    record.alsoFrom = record.alsoFrom.filter((each) => each !== source && each !== record.source)
    forgetAt(sources, source, record)
  }

  const forgetContent = (record: KeptRecord, source: RecordSource) =>
    record.contentFrom === source && contents.drop(keys.get(encodeKeyHex(record.key)), record)

  /** The records of a key, what has run out taken away first. */
  function living(id: string): KeyRecords | undefined {
    const entry = keys.get(id)
    if (entry === undefined || entry.earliestExpiryMs > monotonic()) return entry
    let earliest = Number.POSITIVE_INFINITY
    let dropped = false
    for (const record of [...entry.holders.values()]) {
      if (record.endsAtMs > monotonic()) earliest = Math.min(earliest, record.endsAtMs)
      else {
        drop(id, entry, record)
        dropped = true
      }
    }
    entry.earliestExpiryMs = earliest
    if (dropped) listeners.notify(id)
    return entry.holders.size > 0 ? entry : undefined
  }

  function evict(record: KeptRecord): void {
    const id = encodeKeyHex(record.key)
    const entry = keys.get(id)
    if (entry === undefined) return
    drop(id, entry, record)
    listeners.notify(id)
  }

  function add(id: string, record: KeptRecord): void {
    const entry = keys.get(id) ?? createKeyRecords()
    keys.set(id, entry)
    entry.homes = undefined
    entry.holders.set(record.holder, record)
    countMark(entry, record, 1)
    contents.keep(entry, record)
    entry.earliestExpiryMs = Math.min(entry.earliestExpiryMs, record.endsAtMs)
    for (const source of [record.source, ...record.alsoFrom]) rememberAt(sources, source, record)
    size++
  }

  return {
    get size() {
      return size
    },
    /**
     * Adds or renews; the newest record of a holder replaces its older one, from any source.
     *
     * @param livesMs how long it is good
     */
    put(given: HolderRecord, livesMs: number = given.expiresAtMs - now()): PutRefusal | undefined {
      const record: KeptRecord = { ...given, endsAtMs: monotonic() + livesMs, alsoFrom: NOBODY, contentFrom: given.source }
      const id = encodeKeyHex(record.key)
      const entry = living(id)
      const old = entry?.holders.get(record.holder)
      if (entry !== undefined && old !== undefined) {
        if (isOlder(record, old)) return 'older'
        const isCarried = old.home === record.home && (record.isCarried || old.isCarried)
        if (isCarried) record.alsoFrom = othersOf(old, record.source)
        if (record.content === undefined) inheritContent(record, old)
        drop(id, entry, old)
        add(id, record)
        if (old.home !== record.home || old.mark !== record.mark) listeners.notify(id)
        return undefined
      }
      if (entry !== undefined && entry.holders.size >= options.maxRecordsPerKey) {
        const out = crowdedOutAt(entry, record.home)
        if (out === undefined) return 'records-per-key'
        evict(out)
      }
      if (size >= options.maxRecords) {
        const out = crowdedOut(sources, record.source)
        noteMissed(missed, out ?? record, monotonic())
        if (out === undefined) return 'records'
        evict(out)
      }
      add(id, record)
      missed.remove(record.key)
      listeners.notify(id)
      return undefined
    },
    /** Keys whose leases may stand elsewhere, and had to make room here, or found none. */
    missed,
    get: (key: Key, holder: string) => living(encodeKeyHex(key))?.holders.get(holder),
    /** Removes one record, if it comes from the source, and from no other one as well. False when it does not come from there. */
    remove(key: Key, holder: string, source: RecordSource) {
      const record = keys.get(encodeKeyHex(key))?.holders.get(holder)
      if (record === undefined || (record.source !== source && !record.alsoFrom.includes(source))) return false
      leave(record, source)
      return true
    },
    /** The same for all that came from the source and pass the filter. Returns them. */
    removeSource(source: RecordSource, filter: (record: KeptRecord) => boolean = () => true): HolderRecord[] {
      const removed = [...(sources.get(source) ?? [])].filter(filter)
      for (const record of removed) leave(record, source)
      return removed
    },
    /** The stream has ended: its records may stand for a moment, without the contents that it brought. */
    forgetContents: (source: RecordSource) => sources.get(source)?.forEach((record) => void forgetContent(record, source)),
    /** The content of the key, while a holder's record has it. */
    contentOf: (key: Key) => living(encodeKeyHex(key))?.content,
    /** Removes what stock kad-dht peers have announced. */
    removeStock: () => [...sources.values()].flatMap((all) => [...all].filter(({ lease }) => lease === undefined)).forEach(evict),
    /** Holders now, those past their lease not counted. */
    count: (key: Key) => living(encodeKeyHex(key))?.holders.size ?? 0,
    /** As `count`, holders with one mark counted once. */
    people: (key: Key) => peopleOf(living(encodeKeyHex(key))),
    /** At most `limit` holders in random order, with as many different homes among them as there are. */
    sample(key: Key, limit: number, filter?: (record: HolderRecord) => boolean): HolderRecord[] {
      const all = [...(living(encodeKeyHex(key))?.holders.values() ?? [])]
      return sampleOf(filter === undefined ? all : all.filter(filter), limit, random)
    },
    /** The different homes of those who hold the key by a signed lease, at most so many. */
    homes: (key: Key, limit: number) => homesOf(living(encodeKeyHex(key))).slice(0, limit),
    heldThrough: (home: string, limit: number) => heldThrough(keys.values(), { home, limit, now: monotonic() }),
    countOfSource: (source: RecordSource) => sources.get(source)?.size ?? 0,
    onChange: listeners.onChange,
    /** Drops what has run out, and says so. */
    sweep: () => [...keys.keys()].forEach((id) => void living(id)),
  }
}

/** The peer behind a source, as far as there is one. */
const tellerOf = (source: RecordSource) => (typeof source === 'string' ? source : isStream(source) ? source.peer : '')
function noteMissed(missed: MissedKeys, { key, endsAtMs, source }: KeptRecord, nowMs: number): void {
  missed.add(key, endsAtMs - nowMs, tellerOf(source))
}

const isOfOnePeer = (a: RecordSource, b: RecordSource) => a === b || (isStream(a) && isStream(b) && a.peer === b.peer)
const hasEnded = (source: RecordSource) => isStream(source) && source.hasEnded === true
const othersOf = ({ source, alsoFrom }: KeptRecord, but: RecordSource) =>
  [...alsoFrom, source].filter((each) => !isOfOnePeer(each, but) && !hasEnded(each))
/** Another source that has not ended stands for the record. */
export const isToldByOthers = ({ source, alsoFrom }: KeptRecord, but: RecordSource) =>
  [source, ...alsoFrom].some((each) => each !== but && !hasEnded(each))
const isStream = (source: RecordSource): source is StreamSource => typeof source === 'object' && 'peer' in source

/** Records by the streams that stand for them. Bounded as the records are. */
type Sources = Map<RecordSource, Set<KeptRecord>>

function rememberAt(sources: Sources, source: RecordSource, record: KeptRecord): void {
  const own = sources.get(source)
  if (own) own.add(record)
  else sources.set(source, new Set([record]))
}

function forgetAt(sources: Sources, source: RecordSource, record: KeptRecord): void {
  const own = sources.get(source)
  own?.delete(record)
  if (own?.size === 0) sources.delete(source)
}

function sampleOf(records: HolderRecord[], limit: number, random: () => number): HolderRecord[] {
  shuffle(records, random)
  if (records.length <= limit) return records
  const sampled = chooseAcrossHomes(records, limit)
  shuffle(sampled, random)
  return sampled
}

function homesOf(entry: KeyRecords | undefined): string[] {
  if (entry === undefined) return []
  entry.homes ??= [...new Set([...entry.holders.values()].flatMap(({ home, lease }) => (lease === undefined ? [] : [home])))]
  return entry.homes
}

function peopleOf(entry: KeyRecords | undefined): number {
  return entry === undefined ? 0 : entry.holders.size - entry.marked + entry.marks.size
}

function createKeyRecords(): KeyRecords {
  return {
    holders: new Map(),
    earliestExpiryMs: Number.POSITIVE_INFINITY,
    homes: undefined,
    marks: new Map(),
    marked: 0,
    content: undefined,
    givers: new Set(),
  }
}

/** A record that is told again without the content keeps it, while the stream that brought it stands for the record, or a later one of its peer. */
function inheritContent(record: KeptRecord, { content, contentFrom }: KeptRecord): void {
  const from = isOfOnePeer(contentFrom as RecordSource, record.source) ? record.source : (contentFrom as RecordSource)
  if (from !== record.source && !record.alsoFrom.includes(from)) return
  record.content = content
  record.contentFrom = from
}

function countMark(entry: KeyRecords, { mark }: HolderRecord, by: 1 | -1): void {
  if (mark === undefined) return
  entry.marked += by
  const holders = (entry.marks.get(mark) ?? 0) + by
  if (holders === 0) entry.marks.delete(mark)
  else entry.marks.set(mark, holders)
}

/** The keys that other peers hold by this home, at most so many, with the number of those peers. */
function heldThrough(entries: Iterable<KeyRecords>, { home, limit, now }: { home: string; limit: number; now: number }) {
  const found: { key: Key; holders: number }[] = []
  for (const { holders } of entries) {
    const records = [...holders.values()].filter((record) => record.home === home && record.holder !== home && record.endsAtMs > now)
    if (records[0] !== undefined) found.push({ key: records[0].key, holders: records.length })
    if (found.length === limit) break
  }
  return found
}

/**
 * A home that a tab has left may still pass on the tab's old lease: of two signed leases that come from different peers the one that runs out
 * later is the newer. Those of one peer come in order, whatever their holder's clock did in between.
 */
export function isOlder(record: Pick<HolderRecord, 'lease' | 'expiresAtMs' | 'source'>, known: HolderRecord): boolean {
  if (record.lease === undefined || known.lease === undefined || record.source === known.source) return false
  return record.expiresAtMs < known.expiresAtMs
}

/** Makes room at a full key by taking from the home with the most holders there, unless that is the one who asks. */
function crowdedOutAt(entry: KeyRecords, home: string): KeptRecord | undefined {
  const byHome = Map.groupBy(entry.holders.values(), (record) => record.home)
  const largest = [...byHome.values()].reduce((a, b) => (b.length > a.length ? b : a))
  return largest.length > (byHome.get(home)?.length ?? 0) + 1 ? largest.at(-1) : undefined
}

/** The same for a full store, by source. */
function crowdedOut(sources: ReadonlyMap<RecordSource, Set<KeptRecord>>, source: RecordSource): KeptRecord | undefined {
  let largest: Set<KeptRecord> | undefined
  for (const records of sources.values()) if (records.size > (largest?.size ?? 0)) largest = records
  if (largest === undefined || largest.size <= (sources.get(source)?.size ?? 0) + 1) return undefined
  return [...largest].at(-1)
}

/** One of each home first: a home that makes up a thousand holders gets one place like any other. */
function chooseAcrossHomes(records: HolderRecord[], limit: number): HolderRecord[] {
  const homes = new Set<string>()
  const firsts = records.filter((record) => !homes.has(record.home) && homes.add(record.home)).slice(0, Math.ceil(limit / 2))
  const chosen = new Set(firsts)
  for (const record of records) {
    if (chosen.size >= limit) break
    chosen.add(record)
  }
  return [...chosen]
}
