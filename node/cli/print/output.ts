/**
 * The output of a short command: results on standard output, as words or as one JSON object per line; remarks on standard error.
 * The log of a running node is `logger.ts`.
 */

import type { Writable } from 'node:stream'
import { MayflyError } from '../../errors.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import { createProgressBar, cutTo, type ProgressBar } from './progress-bar.ts'

/** A standard stream. `isTTY` is true when it is a terminal; then `columns` is its width. */
export type OutputStream = Writable & { isTTY?: boolean; columns?: number }

export type Output = ReturnType<typeof createOutput>

/** A carriage return, and the sequence that erases the rest of the line. @see https://www.ecma-international.org/publications-and-standards/standards/ecma-48/ (EL) */
const ERASE_LINE = '\r\u001b[K'
/** One line up, and that one erased, too. @see ECMA-48 (CUU) */
const ERASE_LINE_ABOVE = `\u001b[1A${ERASE_LINE}`
/** Assumed for a terminal that does not report its width, or reports 0. */
const USUAL_COLUMNS = 80
const NO_PROGRESS_BAR: ProgressBar = { advance: () => {}, end: () => {} }

interface OutputOptions {
  stdout: OutputStream
  stderr: OutputStream
  /** Results and problems as JSON; no remarks. */
  json: boolean
  end?: StreamEnd
}

/** Lines below the text on a terminal, which are drawn over themselves. */
export interface LiveLines {
  /** False where nothing is drawn: no terminal, or JSON. */
  readonly isDrawn: boolean
  /** Width of the terminal, in characters. A longer line is cut. */
  columns(): number
  draw(lines: readonly string[]): void
  /** Removes them. May be called twice. */
  end(): void
}

/** How writing to standard output ends before the command does. */
export interface StreamEnd {
  /** Aborted when it takes nothing more: its reader has closed it, or it has failed. */
  closed: AbortSignal
  /** True when its reader has gone: it has read enough. */
  isReaderGone(): boolean
  /** Resolves once all is written, or the reader has gone. @throws the system's error, in words: of a full disk, say */
  flush(): Promise<void>
}

/** Without its listener, a reader that has gone (`| head -1`) would end the process with a stack trace. */
export function watchStreamEnd(stdout: OutputStream): StreamEnd {
  const closed = new AbortController()
  const isReaderGone = () => closed.signal.aborted && (closed.signal.reason as NodeJS.ErrnoException).code === 'EPIPE'
  stdout.on('error', (error) => closed.abort(error))
  return {
    closed: closed.signal,
    isReaderGone,
    async flush() {
      if (stdout.writableLength > 0 && !stdout.destroyed) await new Promise((resolve) => stdout.write('', resolve))
      await new Promise(setImmediate) // a failed stream says so after its writers were told
      if (closed.signal.aborted && !isReaderGone()) throw explainSystemError('Cannot write to standard output', closed.signal.reason)
    },
  }
}

export function createOutput({ stdout, stderr, json, end = watchStreamEnd(stdout) }: OutputOptions) {
  stderr.on('error', () => {})
  const isForPeople = stderr.isTTY === true && !json
  const columns = () => stderr.columns || USUAL_COLUMNS
  /** Lines that are drawn now. */
  let drawn = 0
  /** The question that waits for an answer: nothing is drawn meanwhile. */
  let question = ''
  const erasing = () => ERASE_LINE + ERASE_LINE_ABOVE.repeat(Math.max(0, drawn - 1))
  const clearDrawn = () => {
    if ((drawn > 0 || question !== '') && !stderr.destroyed) stderr.write(erasing())
    drawn = 0
  }
  const draw = (lines: readonly string[]) => {
    if (stderr.destroyed || question !== '') return
    if (lines.length === 0) return clearDrawn()
    stderr.write(erasing() + lines.join('\n'))
    drawn = lines.length
  }
  const writeLine = (stream: OutputStream, line: string) => {
    clearDrawn()
    if (!stream.destroyed && !stream.writableEnded) stream.write(`${line}\n`)
    if (question !== '' && !stderr.destroyed) stderr.write(question)
  }
  return {
    json,
    closed: end.closed,
    /** Prints a result: the words, or with `json` the value. */
    result(words: string, value: Record<string, unknown>): void {
      writeLine(stdout, json ? JSON.stringify(value) : printable(words))
    },
    /** Prints an event, with `json` only. */
    event(value: Record<string, unknown>): void {
      if (json) writeLine(stdout, JSON.stringify(value))
    },
    /** Writes content as it is; resolves once it is written, rejects when standard output is closed. */
    bytes(bytes: Uint8Array): Promise<void> {
      return new Promise((resolve, reject) => stdout.write(bytes, (error) => (error ? reject(error) : resolve())))
    },
    /** Prints a remark on a terminal; nothing when piped, nor with `json`. */
    remark(words: string): void {
      if (isForPeople) writeLine(stderr, wrapTo(printable(words), columns()))
    },
    /** Prints lines of our own making as they are, with their colours, on a terminal only. */
    picture(lines: readonly string[]): void {
      if (isForPeople) writeLine(stderr, lines.join('\n'))
    },
    /** True where a person can be asked: standard error is a terminal, and the output is not for a program. */
    canAsk: isForPeople,
    /** Prints a question, and stays on its line. @returns to be called with the answer there, or given up */
    ask(words: string): () => void {
      clearDrawn()
      question = `${printable(words)} `
      if (!stderr.destroyed) stderr.write(question)
      return () => {
        question = ''
      }
    },
    /** Draws a progress bar on a terminal, from `doneBytes` on; nothing when piped, nor with `json`. To be ended. */
    progressBar(label: string, totalBytes: number, doneBytes = 0): ProgressBar {
      if (!isForPeople) return NO_PROGRESS_BAR
      return createProgressBar({
        label: printable(label),
        totalBytes,
        doneBytes,
        draw: (line) => draw([line]),
        clear: clearDrawn,
        columns,
        now: () => performance.now(),
      })
    },
    /** Lines that are drawn over themselves on a terminal. To be ended. */
    liveLines(): LiveLines {
      return {
        isDrawn: isForPeople,
        columns,
        draw: (lines) => {
          if (isForPeople) draw(lines.map((line) => cutTo(printable(line), columns() - 1)))
        },
        end: clearDrawn,
      }
    },
    /** Prints why the command failed. */
    problem(error: unknown): void {
      const { code, message } = describeError(error)
      const words = printable(`mayfly: ${message}`)
      writeLine(stderr, json ? JSON.stringify({ error: { code, message } }) : isForPeople ? wrapTo(words, columns()) : words)
    },
  }
}

/** Replaces control characters other than the line feed by `?`, so that text from the network cannot control the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?')
}

/** Breaks long lines at spaces, where a terminal would break them in a word. A word that is longer, a link say, stays whole: it can be copied. */
function wrapTo(text: string, columns: number): string {
  return text.replace(/[^\n]+/g, (line) => {
    const [first = '', ...words] = line.split(' ')
    let width = first.length
    return words.reduce((wrapped, word) => {
      const fits = width + 1 + word.length <= columns
      width = fits ? width + 1 + word.length : word.length
      return `${wrapped}${fits ? ' ' : '\n'}${word}`
    }, first)
  })
}

/** The code and message of any failure; a bug (anything but a MayflyError or a system error) keeps its stack. */
export function describeError(error: unknown): { code: string; message: string } {
  if (error instanceof MayflyError) return { code: error.code, message: error.message }
  if (!(error instanceof Error)) return { code: 'ERR_FAILED', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (error.name === 'AbortError') return { code: 'ERR_INTERRUPTED', message: 'interrupted' }
  if (code === undefined) return { code: 'ERR_FAILED', message: error.stack ?? error.message }
  return { code, message: error.message }
}
