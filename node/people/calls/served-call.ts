/** One call as it is served: the handler runs with a signal of its own, and gives one answer, or several as fast as the caller takes them. */

import { MayflyError } from '../../errors.ts'
import { CALL_LIMITS, type CallErrorCode } from '../format/call-frames.ts'
import { costOf, decodeValue, encodeValue } from '../format/value.ts'
import type { CallContext, Consent, Handler, InputIssue, Person, Schema } from '../types.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import { type CheckedInput, checkInput, issueText, shortText } from './input-check.ts'

export interface ServedModule {
  handler: Handler<unknown, unknown>
  input: Schema | undefined
  consent: Consent | undefined
  timeoutMs: number
}

/** The way back to the caller. */
export interface CallReply {
  answer(data: Uint8Array): void
  item(data: Uint8Array): void
  end(): void
  error(code: CallErrorCode, text: string, issues?: readonly InputIssue[]): void
  /** Resolves when there is room for more; false when the session has ended. */
  ready(): Promise<boolean>
}

export interface ServeOptions {
  now(): number
  deadlines: Deadlines
  /** The handler has ended, or its time is over: called once. Its share of its caller's limits is free again. */
  onRelease(): void
  /** Tells the developer of an error, whose caller hears no more than its message. */
  onError(error: unknown): void
}

export interface ServedCall {
  /** So many more bytes of items may go. */
  grant(bytes: number): void
  /** The caller waits no longer. */
  abort(reason: unknown): void
}

/** A handler whose caller waits no longer counts among its caller's calls until it has ended, but no longer than this, in ms. */
const ABANDONED_MS = 10_000

/** Runs the handler, at once unless the schema is asynchronous. `reply` hears of one end, at most. */
export function serveCall(module: ServedModule, caller: Person, data: Uint8Array, reply: CallReply, options: ServeOptions): ServedCall {
  /** The caller has its answer, or waits for none. */
  let isOver = false
  let isReleased = false
  let overReason: unknown
  /** Made when the handler asks for its signal: most do not. */
  let controller: AbortController | undefined
  let iterator: AsyncIterator<unknown> | undefined
  const credit = createCredit()
  const deadline: Deadline = {
    atMs: options.now() + module.timeoutMs,
    onLate() {
      finish(() => reply.error('ERR_TIMEOUT', `The handler took longer than ${module.timeoutMs} ms`))
      stopHandler(new DOMException('The time of this call is over', 'TimeoutError'))
      release()
    },
  }

  const context: CallContext = {
    caller,
    get signal() {
      controller ??= new AbortController()
      if (overReason !== undefined && !controller.signal.aborted) controller.abort(overReason)
      return controller.signal
    },
  }

  function release(): void {
    if (isReleased) return
    isReleased = true
    options.deadlines.delete(deadline)
    options.onRelease()
  }

  function finish(send: () => void): void {
    if (isOver) return
    isOver = true
    send()
  }

  function stopHandler(reason: unknown): void {
    isOver = true
    overReason ??= reason
    controller?.abort(reason)
    credit.stop()
    iterator?.return?.()?.catch(() => {})
  }

  function fail(error: unknown): void {
    release()
    if (isOver) return
    options.onError(error)
    finish(() => reply.error('ERR_HANDLER', shortText(error instanceof Error ? error.message : String(error))))
  }

  /** The bytes of a value; undefined when it cannot travel, and the caller has been told. */
  function bytesOf(value: unknown): Uint8Array | undefined {
    try {
      return encodeValue(value)
    } catch (error) {
      options.onError(error)
      const code = error instanceof MayflyError && error.code === 'ERR_TOO_LARGE' ? 'ERR_TOO_LARGE' : 'ERR_HANDLER'
      finish(() => reply.error(code, shortText(`The answer cannot be sent. ${(error as Error).message}`)))
      return undefined
    }
  }

  function answer(value: unknown): void {
    release()
    if (isOver) return
    const bytes = bytesOf(value)
    if (bytes !== undefined) finish(() => reply.answer(bytes))
  }

  async function sendItems(iterable: AsyncIterable<unknown>): Promise<void> {
    iterator = iterable[Symbol.asyncIterator]()
    if (isOver) iterator.return?.()?.catch(() => {})
    while (!isOver) {
      await credit.any()
      if (isOver) break
      const result = await iterator.next()
      if (isOver) break
      if (result.done === true) {
        finish(() => reply.end())
        break
      }
      const bytes = bytesOf(result.value)
      if (bytes === undefined) {
        stopHandler(new MayflyError('ERR_TOO_LARGE', 'An item could not be sent'))
        break
      }
      credit.spend(costOf(bytes))
      reply.item(bytes)
      if (!(await reply.ready())) break
    }
    release()
  }

  function take(result: unknown): void {
    if (isAsyncIterable(result)) sendItems(result).catch(fail)
    else answer(result)
  }

  function handle(input: unknown): void {
    const result = module.handler(input, context)
    if (isThenable(result)) Promise.resolve(result).then(take).catch(fail)
    else take(result)
  }

  async function runConsented(consent: Consent, input: unknown): Promise<void> {
    const isGiven = (await consent(input, context)) === true
    if (isGiven && !isOver) return handle(input)
    release()
    finish(() => reply.error('ERR_REFUSED', 'The person there did not agree to this call'))
  }

  function refuse(issues: readonly InputIssue[]): void {
    release()
    finish(() => reply.error('ERR_BAD_INPUT', issueText(issues), issues))
  }

  function takeChecked(checked: CheckedInput): void {
    if ('issues' in checked) refuse(checked.issues)
    else if (module.consent === undefined) handle(checked.input)
    else runConsented(module.consent, checked.input).catch(fail)
  }

  options.deadlines.add(deadline)
  try {
    const checked = checkInput(module.input, readInput(data))
    if (checked instanceof Promise) checked.then((late) => (isOver ? release() : takeChecked(late))).catch(fail)
    else takeChecked(checked)
  } catch (error) {
    if (error instanceof BadInput) refuse([{ message: error.message, path: [] }])
    else fail(error)
  }

  return {
    grant: credit.grant,
    abort(reason) {
      if (isOver) return
      stopHandler(reason)
      if (isReleased) return
      options.deadlines.delete(deadline)
      deadline.atMs = Math.min(deadline.atMs, options.now() + ABANDONED_MS)
      options.deadlines.add(deadline)
    },
  }
}

/** Bytes of items that may go. */
function createCredit() {
  let bytes = CALL_LIMITS.creditBytes
  let isStopped = false
  let wake = () => {}
  return {
    /** Resolves when some is left, and when it is stopped. */
    async any() {
      while (bytes <= 0 && !isStopped) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    spend(cost: number) {
      bytes -= cost
    },
    grant(more: number) {
      bytes += more
      wake()
    },
    stop() {
      isStopped = true
      wake()
    },
  }
}

class BadInput extends Error {}

function readInput(data: Uint8Array): unknown {
  try {
    return decodeValue(data)
  } catch (error) {
    throw new BadInput((error as Error).message)
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
