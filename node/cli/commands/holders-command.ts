/** `mayfly holders`: the number of holders, once or after each change. */

import type { Link } from '../../keys/links.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { openNetworkClient } from '../fetch/open-network-client.ts'

/**
 * Exit code 0 when there is a holder, 3 when there is none. With `watch`, prints a line for each change until the signal.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, ERR_BAD_OPTION, ERR_LIMIT
 */
export async function runHolders(context: CommandContext, { key, hash }: Link): Promise<ExitCode> {
  const { configuration, output } = context
  const signal = AbortSignal.any([context.signal, output.closed])
  const onRetry = (error: Error) => output.remark(`${error.message}; trying again`)
  const client = await openNetworkClient({ ...configuration, signal, onRetry })
  const print = (holders: number) => output.result(describeHolders(holders), { hash, holders })
  try {
    if (!configuration.watch) {
      const holders = await client.count(key, { signal })
      print(holders)
      return holders === 0 ? EXIT.noHolder : EXIT.done
    }
    for await (const holders of client.watch(key, { signal })) print(holders)
    return EXIT.done
  } catch (error) {
    // The signal is how watching ends.
    if (configuration.watch && signal.aborted) return EXIT.done
    throw error
  } finally {
    await client.close()
  }
}

export function describeHolders(holders: number): string {
  if (holders === 0) return 'nobody holds it'
  return holders === 1 ? '1 holder' : `${holders} holders`
}
