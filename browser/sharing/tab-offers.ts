/** Files for contacts and from them, in this tab: the offers of this browser's account, and how far each is that is received here. */

import type { AccountStore, MadeOffer, Offers, People, ReceivedOffer, ShareItem, Sharing, SubmissionState } from '../../node/index.ts'
import { createOffers } from '../../node/library/offers.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { deviceLabel } from '../text/device-label.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import { createOfferSaver } from './offer-saver.ts'

/** The account as it is open in this tab. */
export interface OffersAccount {
  people: People
  store: AccountStore
  /** Network time, in ms. */
  now(): number
}

export interface TabOffersParts {
  openSharing(): Promise<Sharing>
  library(): Promise<PeerLibrary>
  files(): Promise<ReceivedFiles>
}

/** An offer of somebody, until it is dismissed. */
export interface ShownOffer {
  offer: ReceivedOffer
  /** Undefined before it is received here. */
  progress: SubmissionState | undefined
}

/** Received offers that a tab shows, the newest. */
const MAX_SHOWN = 64

export type TabOffers = Awaited<ReturnType<typeof openTabOffers>>

/** @throws {MayflyError} ERR_NOT_STORED */
export async function openTabOffers({ people, store, now }: OffersAccount, parts: TabOffersParts) {
  const { openSharing } = parts
  const offers = await createOffers({ people, store, openSharing, now, monotonic: () => performance.now() })
  const received = new Cell<readonly ShownOffer[]>([])
  const made = new Cell<readonly MadeOffer[]>([])
  const refresh = () => {
    made.set(offers.made())
    received.update((all) => [...all])
  }
  const change = (offer: ReceivedOffer, progress: SubmissionState | undefined) =>
    received.update((all) => all.map((each) => (each.offer === offer ? { offer, progress } : each)))

  /** Offers that are being received in this tab, and those whose files are being brought back. Bounded: MAX_SHOWN; the offers of an account. */
  const busy = new Set<ReceivedOffer | MadeOffer>()

  /** Once, however often its button is pressed meanwhile. */
  async function alone<T>(offer: ReceivedOffer | MadeOffer, work: () => Promise<T>): Promise<T | undefined> {
    if (busy.has(offer)) return undefined
    busy.add(offer)
    try {
      return await work()
    } finally {
      busy.delete(offer)
    }
  }

  /** In one tab of this browser at a time: all of them know what was taken. */
  async function receive(offer: ReceivedOffer): Promise<void> {
    const library = await parts.library()
    await navigator.locks.request(`mayfly-offer-${offer.id}`, { ifAvailable: true }, async (lock) => {
      if (lock === null) return dismiss(offer)
      const saver = createOfferSaver({ library, files: parts.files })
      await offer
        .receive(saver, { label: deviceLabel(navigator.userAgent), onState: (progress) => change(offer, progress) })
        .catch(() => {}) // the offer says why
    })
  }

  function dismiss(offer: ReceivedOffer): void {
    received.update((all) => all.filter((each) => each.offer !== offer))
  }

  const ends = [
    offers.onChange(refresh),
    offers.onOffer((offer) => {
      received.update((all) => [...all, { offer, progress: undefined }].slice(-MAX_SHOWN))
      if (offer.state === 'taken') void alone(offer, () => receive(offer)).catch(() => {}) // it can be tried again
    }),
    offers.stop,
  ]
  offers.start()
  refresh()
  return {
    received: received as ReadableCell<readonly ShownOffer[]>,
    made: made as ReadableCell<readonly MadeOffer[]>,
    ruleOf: (account: string) => offers.ruleOf(account),
    setRule: (account: string, rule: Parameters<Offers['setRule']>[1]) => offers.setRule(account, rule),
    /** @throws {MayflyError} as `Offers.make` */
    async send(account: string, files: readonly ChosenFile[], words: string): Promise<void> {
      await offers.make(account, await itemsOf(files, parts), { words })
      refresh()
    },
    /** A reload has ended its files: they are chosen again. False when these are others. @throws {MayflyError} as `Sharing.share` */
    async bringBack(offer: MadeOffer, files: readonly ChosenFile[]): Promise<boolean> {
      const { snapshot, count } = offer
      const sizes = new Map(files.map(({ path, file }) => [path, file.size]))
      if (snapshot === undefined || count !== files.length || !offer.files.every(({ path, size }) => sizes.get(path) === size)) return false
      await alone(offer, async () => {
        const sharing = await openSharing()
        offer.bring(await sharing.share(await itemsOf(files, parts), { resume: snapshot }))
        refresh()
      })
      return true
    },
    receive: (offer: ReceivedOffer) => alone(offer, () => receive(offer)),
    dismiss,
    end(): void {
      for (const end of ends) end()
    },
  }
}

async function itemsOf(files: readonly ChosenFile[], { library }: TabOffersParts): Promise<ShareItem[]> {
  const { blobSource } = await library()
  return files.map(({ path, file }) => ({
    kind: 'file',
    path,
    source: blobSource(file),
    mediaType: file.type,
    modifiedMs: file.lastModified,
  }))
}
