/**
 * Sharing as users of the library get it: with checked arguments. Shares, boxes and what is received stay the same objects, so that each is itself
 * wherever it is met; their functions are replaced by checked ones, once.
 */

import type { PieceStore } from '../content/types.ts'
import type { VisitListener } from '../sharing/first/visit.ts'
import type * as offers from '../sharing/offer-types.ts'
import type { ReceiveBegunOptions } from '../sharing/receiver/begun-share.ts'
import type * as sharing from '../sharing/types.ts'
import {
  optional,
  type Read,
  readBoolean,
  readBytes,
  readFunction,
  readImplementation,
  readInteger,
  readListOf,
  readNumber,
  readObject,
  readOneOf,
  readOptions,
  readSignal,
  readText,
  refuse,
} from './arguments.ts'
import { readAnySource, readPart } from './content-values.ts'
import { readAbortOptions, readSecretText } from './values.ts'

const MAX_LABEL_LENGTH = 80
const MAX_PASSWORD_LENGTH = 256
const RECEIVER_BYTES = 16

const textUpTo =
  (length: number): Read<string> =>
  (value, what) => {
    const text = readText(value, what)
    if (text.length > length) throw refuse(what, `a text of at most ${length} characters`, value)
    return text
  }

const bytesOf =
  (length: number): Read<Uint8Array> =>
  (value, what) => {
    const bytes = readBytes(value, what)
    if (bytes.byteLength !== length) throw refuse(what, `${length} bytes`, value)
    return bytes
  }

/** Clocks of files may be before 1970, or between two milliseconds. */
const readModified: Read<number> = (value, what) => Math.max(0, Math.round(readNumber(value, what)))

const readFileItem = readObject<Extract<sharing.ShareItem, { kind: 'file' }>>(
  { kind: readOneOf('file'), path: readText, source: readAnySource, mediaType: readText, modifiedMs: readModified },
  ['kind', 'path', 'source'],
)
const readTextItem = readObject<Extract<sharing.ShareItem, { kind: 'text' }>>({ kind: readOneOf('text'), path: readText, text: readText }, [
  'kind',
  'path',
  'text',
])
const readItems = readListOf<sharing.ShareItem>((value, what) =>
  (Object(value) as Partial<sharing.ShareItem>).kind === 'text' ? readTextItem(value, what) : readFileItem(value, what),
)
const readIds = readListOf(readInteger)

const readShareOptions = readOptions<sharing.ShareOptions>({
  receivers: readInteger,
  untilMs: readInteger,
  password: readSecretText,
  ask: readBoolean,
  stopAfterFirst: readBoolean,
  sealed: readBoolean,
  resume: readBytes,
})
const readPromise: Read<NonNullable<ReceiveBegunOptions['begun']>> = (value, what) => {
  if (value instanceof Promise) return value
  throw refuse(what, 'a promise', value)
}
const readReceiveOptions = readOptions<ReceiveBegunOptions>({
  signal: readSignal,
  label: textUpTo(MAX_LABEL_LENGTH),
  receiver: bytesOf(RECEIVER_BYTES),
  begun: readPromise, // by `receiveEarly` alone
})
const readFetchOptions = readOptions<sharing.FetchEntryOptions>({
  signal: readSignal,
  onProgress: readFunction,
  onWaiting: readFunction,
  onBeginning: readFunction,
  isDoubtful: readBoolean,
})
const readStore = readImplementation<PieceStore>({ have: readBytes, write: readFunction, read: readFunction })
const readTerms = readObject<sharing.DropTerms>(
  {
    title: readText,
    maxBytes: readInteger,
    maxFiles: readInteger,
    maxFileBytes: readInteger,
    types: readListOf(readText),
    untilMs: readInteger,
  },
  ['title'],
)
const readBoxOptions = readOptions<{ resume?: Uint8Array }>({ resume: readBytes })
const readOffer = readObject<sharing.DropOffer>(
  {
    from: readText,
    words: readText,
    files: readListOf(readObject({ path: readText, size: readInteger, mediaType: readText }, ['path', 'size', 'mediaType'])),
  },
  ['from', 'words', 'files'],
)
const readOfferOptions = readOptions<sharing.OfferOptions>({ signal: readSignal, id: bytesOf(RECEIVER_BYTES), onAsked: readFunction })
const readIterable: Read<AsyncIterable<Uint8Array>> = (value, what) => {
  if (typeof (Object(value) as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function')
    return value as AsyncIterable<Uint8Array>
  throw refuse(what, 'an async iterable of bytes', value)
}
const readPushed = readObject<sharing.PushedFile>(
  { path: readText, size: readInteger, mediaType: readText, from: readText, words: readText, bytes: readIterable },
  ['path', 'bytes'],
)
const readPushOptions = readOptions<sharing.PushOptions>({ signal: readSignal, onTaken: readFunction })
const readNews = readObject<sharing.DropNews>({ state: readOneOf('taking', 'done', 'failed', 'over'), text: readText }, ['state', 'text'])
const readSaver = readImplementation<sharing.SubmissionSaver>({ saveShare: readFunction, saveStream: readFunction })
const readListener = readImplementation<VisitListener>({ onMessage: readFunction, onEnd: readFunction })
const readSubmissionOptions = readOptions<sharing.ReceiveSubmissionOptions>({
  signal: readSignal,
  label: textUpTo(MAX_LABEL_LENGTH),
  onState: readFunction,
})
/** A share of this library, or what stands for one. */
const readShare = readImplementation<sharing.Share>({ id: readText, path: readText, onChange: readFunction, snapshot: readFunction })
const readMakeOptions = readOptions<offers.MakeOfferOptions>({ words: readText })
const readUpTo = readObject<{ upTo: number }>({ upTo: readInteger }, ['upTo'])
const readRule: Read<offers.OfferRule> = (value, what) =>
  typeof value === 'object' ? readUpTo(value, what) : readOneOf<'ask' | 'always'>('ask', 'always')(value, what)

/** The objects whose functions are checked already. */
const checked = new WeakSet<object>()

function checkOnce<T extends object>(object: T, functionsOf: (own: T) => Partial<T>): T {
  if (checked.has(object)) return object
  checked.add(object)
  return Object.assign(object, functionsOf({ ...object }))
}

const checkShare = (share: sharing.Share): sharing.Share =>
  checkOnce(share, (own) => ({
    add: async (items) => own.add(readItems(items, 'share.add: items')),
    remove: (entry) => own.remove(readInteger(entry, 'share.remove: entry')),
    rename: (entry, path) => own.rename(readInteger(entry, 'share.rename: entry'), readText(path, 'share.rename: path')),
    code: async (options) => own.code(readAbortOptions(options, 'share.code: options')),
    admit: (receiver, isAdmitted) =>
      own.admit(readText(receiver, 'share.admit: receiver'), readBoolean(isAdmitted, 'share.admit: isAdmitted')),
    dismiss: (receiver) => own.dismiss(readText(receiver, 'share.dismiss: receiver')),
    onChange: (listener) => own.onChange(readFunction(listener, 'share.onChange: listener')),
  }))

function checkEntry(entry: sharing.OpenedEntry): sharing.OpenedEntry {
  const readOwnPart = readPart(entry.size)
  return checkOnce(entry, (own) => ({
    read: (part, options) => own.read(readOwnPart(part, 'read: part'), readAbortOptions(options, 'read: options')),
  }))
}

const checkReceived = (received: sharing.ReceivedShare): sharing.ReceivedShare =>
  checkOnce(received, (own) => ({
    onChange: (listener) => own.onChange(readFunction(listener, 'received.onChange: listener')),
    enter: async (password, options) =>
      own.enter(textUpTo(MAX_PASSWORD_LENGTH)(password, 'received.enter: password'), readAbortOptions(options, 'received.enter: options')),
    take: async (entries, options) =>
      own.take(optional(readIds)(entries, 'received.take: entries'), readAbortOptions(options, 'received.take: options')),
    open: async (entry, options) =>
      checkEntry(await own.open(readInteger(entry, 'received.open: entry'), readAbortOptions(options, 'received.open: options'))),
    async fetch(entry, storeFor, options) {
      const makeStore = readFunction(storeFor, 'received.fetch: storeFor') as typeof storeFor
      const read = readFetchOptions(options, 'received.fetch: options')
      const given = async (shape: sharing.FetchShape) => readStore(await makeStore(shape), 'received.fetch: the store of storeFor')
      return own.fetch(readInteger(entry, 'received.fetch: entry'), given, read)
    },
    saved: (entry) => own.saved(readInteger(entry, 'received.saved: entry')),
    tell: (problem) => own.tell(readText(problem, 'received.tell: problem')),
    help: (isHelping) => own.help(readBoolean(isHelping, 'received.help: isHelping')),
  }))

const checkSubmission = (submission: sharing.Submission): sharing.Submission =>
  checkOnce(submission, (own) => ({
    tell: (news) => own.tell(readNews(news, 'submission.tell: news')),
    receive: async (saver, options) =>
      own.receive(readSaver(saver, 'submission.receive: saver'), readSubmissionOptions(options, 'submission.receive: options')),
  }))

const checkBox = (box: sharing.DropBox): sharing.DropBox =>
  checkOnce(box, (own) => ({
    onSubmission(listener) {
      const take = readFunction(listener, 'box.onSubmission: listener') as typeof listener
      return own.onSubmission(async (submission) => take(checkSubmission(submission)))
    },
    onChange: (listener) => own.onChange(readFunction(listener, 'box.onChange: listener')),
  }))

const checkOpenedBox = (opened: sharing.OpenedBox): sharing.OpenedBox =>
  checkOnce(opened, (own) => ({
    offer: async (share, offer, options) =>
      own.offer(
        optional(readShare)(share, 'opened.offer: share'),
        readOffer(offer, 'opened.offer: offer'),
        readOfferOptions(options, 'opened.offer: options'),
      ),
    push: async (file, options) => own.push(readPushed(file, 'opened.push: file'), readPushOptions(options, 'opened.push: options')),
    judge: (offer) => own.judge(readOffer(offer, 'opened.judge: offer')),
    onNews: (listener) => own.onNews(readFunction(listener, 'opened.onNews: listener')),
  }))

const checkMade = (made: offers.MadeOffer): offers.MadeOffer =>
  checkOnce(made, (own) => ({
    bring: (share) => own.bring(readShare(share, 'offer.bring: share')),
    onChange: (listener) => own.onChange(readFunction(listener, 'offer.onChange: listener')),
  }))

const checkReceivedOffer = (offer: offers.ReceivedOffer): offers.ReceivedOffer =>
  checkOnce(offer, (own) => ({
    onChange: (listener) => own.onChange(readFunction(listener, 'offer.onChange: listener')),
    receive: async (saver, options) =>
      own.receive(readSaver(saver, 'offer.receive: saver'), readSubmissionOptions(options, 'offer.receive: options')),
  }))

const checkOffers = (own: offers.Offers): offers.Offers => ({
  make: async (to, what, options) =>
    checkMade(
      await own.make(
        readText(to, 'offers.make: to'),
        Array.isArray(what) ? readItems(what, 'offers.make: what') : readShare(what, 'offers.make: what'),
        readMakeOptions(options, 'offers.make: options'),
      ),
    ),
  made: () => own.made().map(checkMade),
  received: () => own.received().map(checkReceivedOffer),
  onOffer(listener) {
    const hear = readFunction(listener, 'offers.onOffer: listener') as typeof listener
    return own.onOffer((offer) => hear(checkReceivedOffer(offer)))
  },
  onChange: (listener) => own.onChange(readFunction(listener, 'offers.onChange: listener')),
  ruleOf: (contact) => own.ruleOf(readText(contact, 'offers.ruleOf: contact')),
  setRule: async (contact, rule) => own.setRule(readText(contact, 'offers.setRule: contact'), readRule(rule, 'offers.setRule: rule')),
})

export function checkSharing(own: offers.PeerSharing): offers.PeerSharing {
  return {
    share: async (items, options) =>
      checkShare(await own.share(readItems(items, 'sharing.share: items'), readShareOptions(options, 'sharing.share: options'))),
    shares: () => own.shares().map(checkShare),
    receive: (link, options) =>
      checkReceived(own.receive(readText(link, 'sharing.receive: link'), readReceiveOptions(options, 'sharing.receive: options'))),
    claimCode: async (code, options) =>
      own.claimCode(readText(code, 'sharing.claimCode: code'), readAbortOptions(options, 'sharing.claimCode: options')),
    openBox: async (terms, options) =>
      checkBox(await own.openBox(readTerms(terms, 'sharing.openBox: terms'), readBoxOptions(options, 'sharing.openBox: options'))),
    visitBox: async (link, options) =>
      checkOpenedBox(await own.visitBox(readText(link, 'sharing.visitBox: link'), readAbortOptions(options, 'sharing.visitBox: options'))),
    passOn: async (id, listener, options) =>
      own.passOn(
        readText(id, 'sharing.passOn: id'),
        readListener(listener, 'sharing.passOn: listener'),
        readAbortOptions(options, 'sharing.passOn: options'),
      ),
    offers: own.offers && checkOffers(own.offers),
  }
}
