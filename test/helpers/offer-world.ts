/** Accounts with offers in memory: who is there, who trusts whom, calls between them, and shares that come at once. */

import { createEmitter } from '../../node/async/emitter.ts'
import { encodeKeyBase32 } from '../../node/keys/index.ts'
import { createMemoryAccountStore } from '../../node/people/account/store.ts'
import type { Contact, ModuleOptions, Person, PresenceEvent } from '../../node/people/types.ts'
import { linkPathOf, parseLink } from '../../node/sharing/format/share-link.ts'
import type { OfferPeople } from '../../node/sharing/offers/correspondents.ts'
import { createOffers } from '../../node/sharing/offers/offers.ts'
import type { ReceivedShare, Share, ShareItem, ShareReceiver } from '../../node/sharing/types.ts'

type Module = { handler(input: unknown, context: { caller: Person; signal: AbortSignal }): unknown; options: ModuleOptions | undefined }

interface Instance {
  account: string
  instance: string
  modules: Map<string, Module>
  events: ReturnType<typeof createEmitter<PresenceEvent>>
}

export function createOfferWorld() {
  /** By instance: those who are there. */
  const there = new Map<string, Instance>()
  /** `account account` of those who trust each other. */
  const trust = new Set<string>()
  const trustChanges = createEmitter<void>()
  const shares = createShares()
  const clock = { nowMs: 1_764_400_000_000, ticksMs: 0 }
  const relationOf = (self: string, other: string) => (self === other ? 'own' : trust.has(`${self} ${other}`) ? 'contact' : 'stranger')
  const personFor = (self: string, { account, instance }: Instance): Person => {
    const relation = relationOf(self, account)
    return { account, instance, relation, alias: relation === 'contact' ? account : undefined }
  }

  async function call(from: Instance, to: string, name: string, data: unknown) {
    await new Promise(setImmediate)
    const target = there.get(to)
    const module = target?.modules.get(name)
    if (target === undefined || module === undefined || !there.has(from.instance)) return { error: { code: 'ERR_LEFT', message: '' } }
    const caller = personFor(target.account, from)
    if (caller.relation === 'stranger') return { error: { code: 'ERR_REFUSED', message: '' } }
    const checked = await module.options?.input?.['~standard'].validate(structuredClone(data))
    if (checked?.issues !== undefined) return { error: { code: 'ERR_BAD_INPUT', message: '' } }
    return { value: await module.handler(checked?.value, { caller, signal: new AbortController().signal }) }
  }

  function peopleOf(self: Instance): OfferPeople {
    const contactsOf = (): Contact[] =>
      [...trust]
        .map((pair) => pair.split(' '))
        .filter(([one]) => one === self.account)
        .map(([, account = '']) => ({ account, alias: account, state: 'trusted' as const, addedAtMs: 0 }))
    const seen = () =>
      [...there.values()].filter(
        (other) => other !== self && relationOf(self.account, other.account) !== 'stranger' && there.has(self.instance),
      )
    return {
      account: { id: self.account },
      contacts: { list: contactsOf, onChange: trustChanges.on },
      present: () => seen().map((other) => personFor(self.account, other)),
      on: (type: string, listener: (event: never) => void) =>
        self.events.on((event) => {
          if (event.type === type) listener(event as never)
        }),
      module(name: string, handler: Module['handler'], options?: ModuleOptions) {
        self.modules.set(name, { handler, options })
        return () => void self.modules.delete(name)
      },
      get: (instance: string) => ({
        message: (name: string, data: unknown) => ({ settled: async () => [{ person: {}, ...(await call(self, instance, name, data)) }] }),
      }),
    } as unknown as OfferPeople
  }

  function tellAll(self: Instance, type: 'peerconnect' | 'peerdisconnect'): void {
    for (const other of there.values()) {
      if (other === self || relationOf(other.account, self.account) === 'stranger') continue
      other.events.emit({ type, person: personFor(other.account, self) })
      self.events.emit({ type, person: personFor(self.account, other) })
    }
  }

  return {
    clock,
    call: (from: string, to: string, name: string, data: unknown) => call(there.get(from) as Instance, to, name, data),
    befriend(one: string, other: string): void {
      trust.add(`${one} ${other}`).add(`${other} ${one}`)
      trustChanges.emit()
    },
    part(one: string, other: string): void {
      for (const pair of [`${one} ${other}`, `${other} ${one}`]) trust.delete(pair)
      trustChanges.emit()
    },
    /** An instance that runs and is not there yet. */
    async join(account: string, instance: string, store = createMemoryAccountStore()) {
      const self: Instance = { account, instance, modules: new Map(), events: createEmitter() }
      const sharing = { share: shares.share, receive: shares.receive }
      const context = {
        people: peopleOf(self),
        store,
        openSharing: async () => sharing,
        now: () => clock.nowMs,
        monotonic: () => clock.ticksMs,
      }
      const offers = await createOffers(context)
      offers.start()
      return {
        offers,
        store,
        connect(): void {
          there.set(instance, self)
          tellAll(self, 'peerconnect')
        },
        leave(): void {
          there.delete(instance)
          tellAll(self, 'peerdisconnect')
        },
      }
    },
  }
}

/** Shares whose receivers have everything as soon as they have taken it. */
function createShares() {
  const all = new Map<string, { share: Share; receiver(id: string): void }>()
  const fill = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  return {
    async share(items: readonly ShareItem[], { resume }: { resume?: Uint8Array } = {}): Promise<Share> {
      const link = resume === undefined ? { id: fill(32), secret: fill(16) } : { id: resume.slice(0, 32), secret: resume.slice(32) }
      const changes = createEmitter<void>()
      let state: Share['state'] = 'open'
      let receivers: ShareReceiver[] = []
      const entries = items.map((item, i) => ({
        id: i + 1,
        path: item.path,
        size: item.kind === 'file' ? item.source.size : item.text.length,
        mediaType: '',
      }))
      const share = {
        id: encodeKeyBase32(link.id),
        path: linkPathOf('s', link),
        rules: {},
        entries,
        get state() {
          return state
        },
        get receivers() {
          return receivers
        },
        onChange: changes.on,
        async end() {
          state = 'ended'
          changes.emit()
        },
        snapshot: () => new Uint8Array([...link.id, ...link.secret]),
      } as unknown as Share
      const receiver = (id: string) => {
        receivers = [{ id, state: 'done', taken: new Set([1]) } as unknown as ShareReceiver]
        state = 'ended'
        changes.emit()
      }
      all.set(share.path, { share, receiver })
      return share
    },
    receive(path: string, { receiver = fill(16) }: { receiver?: Uint8Array } = {}): ReceivedShare {
      parseLink('s', path)
      const own = all.get(path)
      const isThere = own?.share.state === 'open'
      return {
        state: isThere ? 'listed' : 'ended',
        endCode: isThere ? undefined : 'ERR_SHARE_USED',
        entries: own?.share.entries ?? [],
        onChange: () => () => {},
        async take() {},
        saved: () => own?.receiver(Buffer.from(receiver).toString('hex')),
        async close() {},
      } as unknown as ReceivedShare
    },
  }
}
