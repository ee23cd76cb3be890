/**
 * SIGHUP at a node: it reads its settings again, takes those that may change while it runs, and names those that need a restart. A faulty
 * configuration changes nothing.
 */

import type { CommandContext } from '../command-context.ts'
import type { Logger } from '../print/logger.ts'
import { type Configuration, flagOf, SETTINGS, type SettingName, settingsOf } from '../settings.ts'

export type Reload = ReturnType<typeof createReload>

/** Hears SIGHUP from now on. The settings are not read again before `begin`, which does it at once if the signal has come meanwhile. */
export function createReload({ configuration, readSettings, onHangup }: CommandContext) {
  let running = configuration
  let isWanted = false
  let reload = () => {
    isWanted = true
  }
  onHangup?.(() => reload())

  /** @param apply takes the live settings; when it throws, the node keeps those that it had */
  async function readAgain(logger: Logger, apply: (configuration: Configuration) => void): Promise<void> {
    try {
      const read = await readSettings()
      const changed = [...settingsOf('all'), ...settingsOf('start')].filter((name) => hasChanged(name, running, read))
      const live = changed.filter((name) => SETTINGS[name].isLive === true)
      const next = { ...running, ...Object.fromEntries(live.map((name) => [name, read[name]])) }
      apply(next)
      running = next
      const waiting = changed.filter((name) => !live.includes(name))
      logger.info({ changed: live.map(flagOf) }, 'settings read again')
      if (waiting.length > 0)
        logger.warn({ flags: waiting.map(flagOf) }, 'these settings have changed, too, and take effect at the next start')
    } catch (error) {
      logger.error({ reason: (error as Error).message }, 'settings not read again: the node goes on with those that it has')
    }
  }

  return {
    begin(logger: Logger, apply: (configuration: Configuration) => void): void {
      let reading = Promise.resolve()
      reload = () => {
        // One after the other: the file may have changed while it was being read.
        reading = reading.then(() => readAgain(logger, apply))
      }
      if (isWanted) reload()
    },
  }
}

function hasChanged(name: SettingName, before: Configuration, after: Configuration): boolean {
  return JSON.stringify(before[name]) !== JSON.stringify(after[name])
}
