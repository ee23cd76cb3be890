/** The rules of a share, from the flags of the command. */

import { MayflyError, type ShareRules } from '../../index.ts'
import type { Asking } from '../print/asking.ts'
import type { Configuration } from '../settings.ts'

type RuleSettings = Pick<Configuration, 'once' | 'receivers' | 'untilMs' | 'ask' | 'stopAfterFirst' | 'password'>

/**
 * Asks for the password where `--password` stands alone.
 *
 * @param now network time, in ms
 * @throws {MayflyError} ERR_BAD_OPTION: there is no terminal to ask at
 */
export async function shareRulesOf(settings: RuleSettings, asking: Asking, now: () => number): Promise<ShareRules> {
  const { once, receivers, untilMs, ask, stopAfterFirst } = settings
  if (ask && !asking.canAsk) {
    throw new MayflyError('ERR_BAD_OPTION', '--ask needs a terminal, at which somebody says yes or no to each receiver; and no --json')
  }
  const most = once ? 1 : receivers
  const password = settings.password === undefined ? undefined : await readPassword(settings.password, asking)
  return {
    ...(most !== undefined && { receivers: most }),
    ...(untilMs !== undefined && { untilMs: now() + untilMs }),
    ...(password !== undefined && { password }),
    ...(ask && { ask }),
    ...(stopAfterFirst && { stopAfterFirst }),
  }
}

/** @param given empty where it is to be asked for; twice, since nobody sees it */
async function readPassword(given: string, asking: Asking): Promise<string> {
  if (given !== '') return given
  if (!asking.canAsk) {
    throw new MayflyError('ERR_BAD_OPTION', '--password needs a terminal to ask at; without one, MAYFLY_PASSWORD has the password')
  }
  const password = await asking.secret('Password for the share:')
  if ((await asking.secret('The same again:')) !== password) {
    throw new MayflyError('ERR_BAD_OPTION', 'The two passwords differ: start again')
  }
  return password
}
