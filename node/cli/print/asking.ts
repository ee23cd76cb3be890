/** Questions to the person at the terminal, one at a time. */

import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'
import { onAbort } from '../../async/abort.ts'
import { createSemaphore } from '../../async/semaphore.ts'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import type { Output } from './output.ts'

export type Asking = ReturnType<typeof createAsking>

interface AskingOptions {
  stdin: Readable & { isTTY?: boolean }
  output: Pick<Output, 'canAsk' | 'ask' | 'picture'>
  signal: AbortSignal
}

const YES = /^\s*y(?:es)?\s*$/i
const NO = /^\s*no?\s*$/i

export function createAsking({ stdin, output, signal }: AskingOptions) {
  const turns = createSemaphore(1)

  /** The line that is typed; undefined when standard input ends. @param isHidden what is typed is not shown */
  async function readLine(question: string, isHidden: boolean, abort: AbortSignal): Promise<string | undefined> {
    abort.throwIfAborted()
    const done = output.ask(question)
    const reader = createInterface({ input: stdin, terminal: isHidden, ...(isHidden && { output: createNowhere() }) })
    try {
      return await new Promise<string | undefined>((resolve, reject) => {
        reader.once('line', resolve)
        reader.once('close', () => resolve(undefined))
        // While nothing is shown, the terminal passes Ctrl-C on as a letter.
        reader.once('SIGINT', () => reject(new DOMException('interrupted', 'AbortError')))
        const stopListening = onAbort(abort, () => reject(abort.reason))
        reader.once('close', stopListening)
      })
    } finally {
      reader.close()
      done()
      if (isHidden || abort.aborted) output.picture([''])
    }
  }

  return {
    /** False where nobody can be asked: standard input or standard error is no terminal, or the output is for a program. */
    canAsk: stdin.isTTY === true && output.canAsk,
    /** @throws signal.reason, when aborted */
    async confirm(question: string, isByDefault: boolean, { signal: over = signal }: AbortOptions = {}): Promise<boolean> {
      return turns.run(async () => {
        const answer = await readLine(`${question} ${isByDefault ? '[Y/n]' : '[y/N]'}`, false, over)
        if (answer === undefined) return false
        return isByDefault ? !NO.test(answer) : YES.test(answer)
      })
    },
    /**
     * A password, which is not shown.
     *
     * @throws {MayflyError} ERR_BAD_OPTION: none was given
     * @throws signal.reason, when aborted
     */
    async secret(question: string): Promise<string> {
      const answer = await turns.run(() => readLine(question, true, signal))
      if (!answer) throw new MayflyError('ERR_BAD_OPTION', 'No password was given')
      return answer
    },
  }
}

function createNowhere(): Writable {
  return new Writable({
    write(_chunk, _encoding, done) {
      done()
    },
  })
}
