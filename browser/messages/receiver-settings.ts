/** The settings of this origin as a receiver, for its views: the ends it listens to, who may write, and the senders that were named or muted. */

import { checkRules, type MessageRefusal, parseEnd } from '../../node/index.ts'
import { Cell } from '../cell.ts'
import { shortHash } from '../text/short-text.ts'
import { endOfLink } from '../visit/route.ts'
import { type EndPolicy, type EndSettings, refuseMessage } from './end-settings.ts'
import type { ReceiverRecords } from './receiver-records.ts'

export class ReceiverSettings {
  readonly #records: ReceiverRecords
  readonly #hashname: string
  /** Open ends that this origin listens to. */
  readonly ends = new Cell<readonly EndSettings[]>([])
  /** The senders that may write to this origin's own address. */
  readonly policy = new Cell<EndPolicy>('open')
  /** Muted senders, by hashname. */
  readonly muted = new Cell<ReadonlySet<string>>(new Set())
  /** Names of senders, by hashname. */
  readonly names = new Cell<ReadonlyMap<string, string>>(new Map())

  /** @param hashname this origin's own */
  constructor(records: ReceiverRecords, hashname: string) {
    this.#records = records
    this.#hashname = hashname
  }

  /** Reads the stored settings again. @throws DOMException */
  async read(): Promise<void> {
    const [ends, { names, muted }] = await Promise.all([this.#records.ends(), this.#records.senders()])
    this.names.set(names)
    this.muted.set(muted)
    this.policy.set(ends.find(({ end }) => end === this.#hashname)?.policy ?? 'open')
    const open = ends.filter(({ end }) => end.startsWith('#')) // an address that this origin had before is not listened to
    if (JSON.stringify(open) !== JSON.stringify(this.ends.get())) this.ends.set(open)
  }

  /**
   * Listens to an open end, or changes its settings.
   *
   * @throws {MayflyError} ERR_BAD_END, ERR_BAD_RULE @throws {TooMany} @throws DOMException
   */
  async setEnd({ end, policy, rules }: EndSettings): Promise<void> {
    await this.#records.setEnd({ end: parseEnd(end).text, policy, rules: checkRules(rules) })
  }

  removeEnd(end: string): Promise<void> {
    return this.#records.removeEnd(end)
  }

  /** Sets who may write to this origin's own address. @throws DOMException */
  setPolicy(policy: EndPolicy): Promise<void> {
    const end = this.#hashname
    return policy === 'open' ? this.#records.removeEnd(end) : this.#records.setEnd({ end, policy, rules: [] })
  }

  /** Names a sender; '' removes the name. @throws {TooMany} @throws DOMException */
  nameSender(hashname: string, name: string): Promise<void> {
    return this.#records.setSender(hashname, { name })
  }

  /** Mutes or unmutes a sender. Messages that are here stay. @throws {TooMany} @throws DOMException */
  muteSender(hashname: string, isMuted: boolean): Promise<void> {
    return this.#records.setSender(hashname, { isMuted })
  }

  /** The name of a sender, or the beginning of its hashname. */
  nameOf(hashname: string): string {
    return this.names.get().get(hashname) ?? shortHash(hashname)
  }

  /** The end that a person means who writes an end, a link to one, or the name of a sender; undefined when there is none. */
  endOf(written: string): string | undefined {
    const text = written.trim()
    for (const [hashname, name] of this.names.get()) if (name === text) return hashname
    try {
      return parseEnd(endOfLink(text) ?? text).text
    } catch {
      return undefined
    }
  }

  /** Why a message from this sender to this end is refused; undefined when it is accepted. */
  refuse(end: string, from: string): MessageRefusal | undefined {
    const policy = end === this.#hashname ? this.policy.get() : (this.ends.get().find((each) => each.end === end)?.policy ?? 'open')
    return refuseMessage(from, policy, { hashname: this.#hashname, names: this.names.get(), muted: this.muted.get() })
  }
}
