/** `mayfly receive --export`: all messages of an inbox as JSON lines. */

import { MayflyError } from '../../errors.ts'
import { InboxDatabase } from '../../server/inbox/inbox-database.ts'
import { findInboxPath } from '../../server/inbox/receiver-directory.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { exportFacts } from '../print/message-facts.ts'

/**
 * Works beside a receiver that is running, and on a damaged file, of which it exports what can be read: then the exit code is 1.
 *
 * @throws {MayflyError} ERR_BAD_OPTION: there is no receiver of that name
 */
export async function exportInbox({ configuration, output, signal }: CommandContext, name: string): Promise<ExitCode> {
  let damaged = 0
  const path = findInboxPath(configuration.data, name)
  const database = new InboxDatabase(path, { isReadOnly: true, onDamaged: () => void damaged++ })
  try {
    for (const stored of database.reader.everything()) {
      signal.throwIfAborted()
      if (output.closed.aborted) break
      await output.bytes(Buffer.from(`${JSON.stringify(exportFacts(stored))}\n`))
    }
  } finally {
    database.close()
  }
  if (damaged === 0) return EXIT.done
  output.problem(new MayflyError('ERR_DAMAGED', `${damaged} messages could not be read as they were stored, and were left out`))
  return EXIT.failed
}
