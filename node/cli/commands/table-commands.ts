/** `mayfly completion` and `mayfly man`: what is made from the table of the command line, on standard output. */

import { MayflyError } from '../../errors.ts'
import type { CommandContext } from '../command-context.ts'
import { SHELLS } from '../command-table.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { completionScript } from '../print/completion-script.ts'
import { manualPage } from '../print/manual-page.ts'

/** @throws {MayflyError} ERR_BAD_OPTION */
export async function runCompletion({ output }: CommandContext, name: string): Promise<ExitCode> {
  const shell = SHELLS.find((known) => known === name)
  if (shell === undefined)
    throw new MayflyError('ERR_BAD_OPTION', `There is a completion for ${SHELLS.join(', ')}, not for ${JSON.stringify(name)}`)
  await output.bytes(Buffer.from(completionScript(shell)))
  return EXIT.done
}

export async function runMan({ output, version }: CommandContext): Promise<ExitCode> {
  await output.bytes(Buffer.from(manualPage(version, new Date().toISOString().slice(0, 10))))
  return EXIT.done
}
