/** The parameters of each function of sharing, and of what it returns. */

import type * as node from '../../node/index.ts'
import {
  ABORT,
  BOOLEAN,
  BYTES,
  FUNCTION,
  type Functions,
  INTEGER,
  implementation,
  type Kind,
  kind,
  type Members,
  object,
  optional,
  options,
  TEXT,
} from './wrong-arguments.ts'

const SIGNALS = options({ signal: ABORT } satisfies Members<node.AbortOptions>)
const NUMBER = kind(1, (value) => Number.isFinite(value))
const IDS = kind([1], (value) => Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && id >= 0))
const list = (of: Kind): Kind => ({
  good: [of.good],
  takes: (value) => Array.isArray(value) && value.every((each) => of.takes(each)),
})
const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0
/** Sixteen bytes: those of the table have another number. */
const SIXTEEN = kind(new Uint8Array(16))
const SOURCE = kind('text', (value) => typeof value === 'string' || value instanceof Uint8Array)
const ITEM: Kind = object({
  kind: kind('file'),
  path: TEXT,
  source: SOURCE,
  mediaType: optional(TEXT),
  modifiedMs: optional(NUMBER),
} satisfies Members<Extract<node.ShareItem, { kind: 'file' }>>)
const TEXT_ITEM: Kind = object({ kind: kind('text'), path: TEXT, text: TEXT } satisfies Members<Extract<node.ShareItem, { kind: 'text' }>>)
const ITEMS: Kind = { good: [ITEM.good, TEXT_ITEM.good], takes: isEmpty }
/** A list of one item, each of whose members is wrong in turn. */
export const ONE_ITEM = [ITEM, TEXT_ITEM]
const SHARE = implementation({ id: 'x', path: '/s/x', onChange() {}, snapshot() {} })
const SAVER = implementation({ saveShare() {}, saveStream() {} })
const TERMS = object({
  title: TEXT,
  maxBytes: optional(INTEGER),
  maxFiles: optional(INTEGER),
  maxFileBytes: optional(INTEGER),
  types: optional(list(TEXT)),
  untilMs: optional(INTEGER),
} satisfies Members<node.DropTerms>)
const FILE = object({ path: TEXT, size: INTEGER, mediaType: TEXT })
const OFFER = object({ from: TEXT, words: TEXT, files: list(FILE) } satisfies Members<node.DropOffer>)
const RECEIVE_SUBMISSION = options({ signal: ABORT, label: TEXT, onState: FUNCTION } satisfies Members<node.ReceiveSubmissionOptions>)
const BYTE_STREAM = kind((async function* () {})())

export const SHARING = {
  share: [
    ITEMS,
    options({
      receivers: INTEGER,
      untilMs: INTEGER,
      password: kind('bread', (value) => typeof value === 'string'),
      ask: BOOLEAN,
      stopAfterFirst: BOOLEAN,
      sealed: BOOLEAN,
      resume: BYTES,
    } satisfies Members<node.ShareOptions>),
  ],
  shares: [],
  receive: [TEXT, options({ signal: ABORT, label: TEXT, receiver: SIXTEEN } satisfies Members<node.ReceiveShareOptions>)],
  claimCode: [TEXT, SIGNALS],
  openBox: [TERMS, options({ resume: BYTES })],
  visitBox: [TEXT, SIGNALS],
  passOn: [TEXT, implementation({ onMessage() {}, onEnd() {} }), SIGNALS],
} satisfies Record<Functions<node.PeerSharing>, readonly Kind[]>

export const PARTS = {
  share: {
    add: [ITEMS],
    remove: [INTEGER],
    rename: [INTEGER, TEXT],
    code: [SIGNALS],
    admit: [TEXT, BOOLEAN],
    dismiss: [TEXT],
    unlock: [],
    end: [],
    onChange: [FUNCTION],
    snapshot: [],
  },
  received: {
    onChange: [FUNCTION],
    enter: [TEXT, SIGNALS],
    take: [optional(IDS), SIGNALS],
    open: [INTEGER, SIGNALS],
    fetch: [
      INTEGER,
      FUNCTION,
      options({
        signal: ABORT,
        onProgress: FUNCTION,
        onWaiting: FUNCTION,
        onBeginning: FUNCTION,
        isDoubtful: BOOLEAN,
      } satisfies Members<node.FetchEntryOptions>),
    ],
    saved: [INTEGER],
    tell: [TEXT],
    help: [kind(true, (value) => typeof value === 'boolean')],
    close: [],
  },
  box: { onSubmission: [FUNCTION], onChange: [FUNCTION], close: [], snapshot: [] },
  opened: {
    offer: [optional(SHARE), OFFER, options({ signal: ABORT, id: SIXTEEN, onAsked: FUNCTION } satisfies Members<node.OfferOptions>)],
    push: [
      object({
        path: TEXT,
        size: optional(INTEGER),
        mediaType: optional(TEXT),
        from: optional(TEXT),
        words: optional(TEXT),
        bytes: BYTE_STREAM,
      } satisfies Members<node.PushedFile>),
      options({ signal: ABORT, onTaken: FUNCTION } satisfies Members<node.PushOptions>),
    ],
    judge: [OFFER],
    onNews: [FUNCTION],
    close: [],
  },
  submission: {
    tell: [object({ state: kind('taking'), text: TEXT } satisfies Members<node.DropNews>)],
    receive: [SAVER, RECEIVE_SUBMISSION],
    giveUp: [],
  },
  made: { bring: [SHARE], onChange: [FUNCTION], close: [] },
  offered: { onChange: [FUNCTION], receive: [SAVER, RECEIVE_SUBMISSION], refuse: [] },
  offers: {
    make: [TEXT, { ...ITEMS, takes: isEmpty }, options({ words: TEXT } satisfies Members<node.MakeOfferOptions>)],
    made: [],
    received: [],
    onOffer: [FUNCTION],
    onChange: [FUNCTION],
    ruleOf: [TEXT],
    setRule: [TEXT, kind('ask')],
  },
} satisfies {
  share: Record<Functions<node.Share>, readonly Kind[]>
  received: Record<Functions<node.ReceivedShare>, readonly Kind[]>
  box: Record<Functions<node.DropBox>, readonly Kind[]>
  opened: Record<Functions<node.OpenedBox>, readonly Kind[]>
  submission: Record<Functions<node.Submission>, readonly Kind[]>
  made: Record<Functions<node.MadeOffer>, readonly Kind[]>
  offered: Record<Functions<node.ReceivedOffer>, readonly Kind[]>
  offers: Record<Functions<node.Offers>, readonly Kind[]>
}
