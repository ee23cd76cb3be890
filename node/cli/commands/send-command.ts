/** `mayfly send`: sends a message from the identity of the data directory, and prints its outcome. */

import { isUtf8 } from 'node:buffer'
import { inTime, raceAbort, timeoutSignal } from '../../async/abort.ts'
import { formatDuration } from '../../async/duration.ts'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions, Key, MessageDraft, OutboxEntry, OutboxStore } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { TAB_LIMITS } from '../../limits.ts'
import { ENVELOPE_DEFAULTS, parseEnd } from '../../messages/lone-sender.ts'
import { countBytesApart } from '../../server/port/byte-memory.ts'
import { loadIdentity, messageSecretOf } from '../../server/store/identity.ts'
import { openOutboxStore, outboxPathIn } from '../../server/store/outbox-store.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type MessageSender, openGatewaySender } from '../fetch/message-sender.ts'
import { createPlainTextCheck } from '../print/plain-text.ts'
import { describeOutcome, exitCodeOfOutcome, outcomeFacts } from '../print/post-outcome.ts'
import type { Configuration } from '../settings.ts'

/**
 * Ends once the outcome is known and older messages of the outbox were retried; with a body too large for a message, which is held as content,
 * once it was fetched. With `waitMs` all of that ends when it is over, counted from the post on.
 *
 * @throws {MayflyError} ERR_BAD_END, ERR_BAD_MESSAGE, ERR_TOO_LARGE, ERR_LIMIT, ERR_DAMAGED, ERR_BAD_OPTION, ERR_NO_NETWORK,
 *   ERR_UNAVAILABLE (aborted before a large body was fetched)
 * @throws the system's error, in words
 * @throws signal.reason, when aborted before the outcome is known
 */
export async function runSend(context: CommandContext, end: string, text: string | undefined): Promise<ExitCode> {
  const { configuration, output, signal } = context
  const { join, timeoutMs, data, waitMs } = configuration
  const { maxMessageBytes, maxHeldBytes } = TAB_LIMITS
  // So that wrong usage fails before anything is read.
  parseEnd(end)
  checkTimeToLive(configuration)
  const messageSecret = messageSecretOf(await loadIdentity(data))
  const outboxStore = openOutboxStore(outboxPathIn(data))
  let sender: MessageSender | undefined
  try {
    const body = await readBody(context, text, maxHeldBytes)
    const isLarge = body.byteLength > maxMessageBytes
    const options = { join, timeoutMs, messageSecret, outboxStore, signal }
    // Receipts that come late, while the command waits, come to a peer alone.
    sender = isLarge || waitMs > 0 ? undefined : await openGatewaySender(options, body.byteLength)
    if (sender === undefined) {
      countBytesApart()
      sender = await (await import('../fetch/peer-sender.ts')).openPeerSender(options)
    }
    const { messages } = sender
    const retryOlder = trackOlderMessages(messages, outboxStore)
    const noNetwork = await sender.start()
    // Content that only this process holds is gone when the message arrives later.
    if (noNetwork !== undefined && isLarge) throw noNetwork

    // All of --wait begins here: for a receipt, for a large body to be fetched, for older messages.
    const ending = waitMs > 0 ? AbortSignal.any([signal, timeoutSignal(waitMs)]) : signal
    const fetched = isLarge ? sender.whenFetched(ending) : undefined
    const wait = noNetwork !== undefined ? { waitMs: 0 } : waitMs > 0 ? { waitMs } : {}
    let kept: Key | undefined
    const onKept = (id: Key) => {
      kept = id
    }
    const posted = await messages.post(end, draftOf(body, configuration), { signal, onKept, ...wait }).catch(async (error: unknown) => {
      if (signal.aborted && kept !== undefined) {
        output.remark(
          isLarge ? await takeBack(messages, kept) : 'The message stays in the outbox and will be sent later: do not send it twice',
        )
      }
      throw error
    })
    const { outcome } = posted
    if (noNetwork !== undefined && outcome.state === 'refused') throw noNetwork
    output.result(describeOutcome(outcome, waitMs > 0), outcomeFacts(posted))
    const unsent = noNetwork ?? sender.failureOf(posted.id)
    if (unsent !== undefined && outcome.state === 'queued') {
      const told = withWords(unsent, 'The message is in the outbox: the next `mayfly send`, or a node with this --data, will send it')
      if (unsent.code !== 'ERR_LIMIT') {
        output.problem(told)
        return EXIT.noNetwork
      }
      output.remark(told.message)
    }
    if (fetched !== undefined && outcome.state !== 'refused') {
      const orWhen = waitMs > 0 ? `, for ${formatDuration(waitMs)} at most` : ''
      output.remark(
        `Too large for a message: this command holds the body until a receiver has fetched it${orWhen}. After Ctrl-C nobody can`,
      )
      if (!(await fetched)) {
        const left = await takeBack(messages, posted.id)
        const words = signal.aborted
          ? `Ended before anybody had fetched the body: only this command had it. ${left}`
          : `The body was not fetched in ${formatDuration(waitMs)}, and is held here no longer. ${left} with a longer --wait, or hold it with "mayfly hold" and send its link`
        throw new MayflyError('ERR_UNAVAILABLE', words)
      }
    }
    const older = await retryOlder({ signal: ending })
    if (older > 0) output.remark(`${older} older message${older === 1 ? '' : 's'} in the outbox sent again`)
    return exitCodeOfOutcome(outcome, waitMs > 0)
  } finally {
    await sender?.stop()
    await outboxStore.close()
  }
}

/** @throws {MayflyError} ERR_BAD_OPTION */
function checkTimeToLive({ ttlMs }: Configuration): void {
  const { minTtlMs, maxTtlMs } = ENVELOPE_DEFAULTS
  if (ttlMs === undefined || (ttlMs >= minTtlMs && ttlMs <= maxTtlMs)) return
  const [given, shortest, longest] = [ttlMs, minTtlMs, maxTtlMs].map(formatDuration)
  throw new MayflyError('ERR_BAD_OPTION', `--ttl: expected a time from ${shortest} to ${longest}, such as 90s, 1h30m or 1d, got ${given}`)
}

async function readBody({ stdin, output, signal }: CommandContext, text: string | undefined, maxBytes: number): Promise<Uint8Array> {
  if (text !== undefined && text !== '-') return new TextEncoder().encode(text)
  if ('isTTY' in stdin && stdin.isTTY) output.remark('Write the message, then Ctrl-D')
  const { keepInputStream } = await import('../hold/input-stream.ts')
  const source = await keepInputStream(stdin, 'standard input', { signal, maxBytes, maxMemoryBytes: maxBytes })
  return source.read(0, source.size)
}

function draftOf(body: Uint8Array, { type, field, re, ttlMs }: Configuration): MessageDraft {
  const isText = isUtf8(body) && createPlainTextCheck()(body)
  return {
    body,
    type: type ?? (isText ? 'text/plain' : 'application/octet-stream'),
    fields: { ...Object.fromEntries(field), ...(re !== undefined && { re }) },
    ...(ttlMs !== undefined && { ttlMs }),
  }
}

/** Takes a message out of the outbox whose body is gone with this command, so that nobody sends it later. @returns what is left of it, in words */
async function takeBack(messages: MessageSender['messages'], id: Key): Promise<string> {
  const entry = await messages.entry(id)
  if (entry?.isDone !== false) return 'The receiver has the message alone, which says nothing: send it again'
  await messages.forget(id)
  const nodes = entry.outcome?.state === 'queued' ? entry.outcome.nodes : 0
  const copies = nodes === 0 ? '' : `, though ${nodes} record node${nodes === 1 ? '' : 's'} may still pass it on, without its body`
  return `The message was taken out of the outbox${copies}: send it again`
}

function withWords(error: MayflyError, words: string): MayflyError {
  return new MayflyError(error.code, `${error.message.replace(/\.$/, '')}. ${words}`, { cause: error })
}

/** Older messages that the command waits for; the others are retried as far as the time goes. */
const MAX_WAITED_FOR = 1_000
/** How long the command may take for them after its own message, in ms: a person waits for the prompt. */
const WAIT_MS = 3_000

/**
 * Lists the messages that wait now. To be called before the sender starts.
 *
 * @returns a function that waits until the sender has retried each of them, or the time is over, and resolves with their number
 */
function trackOlderMessages(
  messages: MessageSender['messages'],
  store: Pick<OutboxStore, 'waiting'>,
): (options: AbortOptions) => Promise<number> {
  /** By id, hex. Bounded: MAX_WAITED_FOR. */
  const waiting = new Set<string>()
  const retried = new Set<string>()
  const all = Promise.withResolvers<void>()
  const listing = store.waiting(MAX_WAITED_FOR).then((entries) => {
    for (const { id } of entries) waiting.add(encodeKeyHex(id))
  })
  const stopListening = messages.onOutbox((entry) => {
    if (!wasSent(entry) || !waiting.has(encodeKeyHex(entry.id))) return
    retried.add(encodeKeyHex(entry.id))
    if (retried.size === waiting.size) all.resolve()
  })

  return async ({ signal }) => {
    await listing
    if (retried.size === waiting.size) all.resolve()
    await raceAbort(inTime(all.promise, WAIT_MS), signal).catch(() => {})
    stopListening()
    return retried.size
  }
}

/** An attempt before the peer had joined the network does not count. */
function wasSent({ outcome }: OutboxEntry): boolean {
  return outcome !== undefined && !(outcome.state === 'refused' && outcome.reason === 'no-network')
}
