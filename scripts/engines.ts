/**
 * The browsers that tests run, where this machine has them. Run as a script it installs those of other engines than Chromium, as root where
 * there is apt. Tests in one that is missing are skipped, and say why.
 */

import { existsSync, globSync } from 'node:fs'
import { installWithApt } from './apt.ts'
import { findChromium } from './chromium.ts'
import { findProgram } from './test-programs.ts'

export type EngineName = 'chromium' | 'firefox' | 'webkit'

/** Debian packages of what is missing to run the engine; none when it can be run. */
export function missingFor(engine: EngineName): string[] {
  if (engine === 'chromium') return findChromium() === undefined ? ['chromium'] : []
  if (engine === 'firefox') return findFirefox() === undefined ? ['firefox-esr'] : []
  const needs = { 'webkit2gtk-driver': findProgram('WebKitWebDriver'), 'libwebkit2gtk-4.1-0': findMiniBrowser(), xvfb: findProgram('Xvfb') }
  return Object.entries(needs).flatMap(([debian, path]) => (path === undefined ? [debian] : []))
}

/** FIREFOX_PATH where it is set, else one on the PATH. Undefined when there is none. */
export function findFirefox(): string | undefined {
  const { FIREFOX_PATH: given } = process.env
  if (given) return existsSync(given) ? given : undefined
  return findProgram('firefox-esr') ?? findProgram('firefox')
}

/** The browser that WebKitGTK brings to be driven. */
export function findMiniBrowser(): string | undefined {
  return globSync('/usr/lib/*/webkit2gtk-4.1/MiniBrowser')[0]
}

if (import.meta.main) {
  const missing = () => (['firefox', 'webkit'] as const).flatMap(missingFor)
  if (missing().length > 0) installWithApt(missing())
  if (missing().length > 0)
    console.error(
      `mayfly set-up: tests in other browsers are skipped without these; on Debian, as root: apt-get install ${missing().join(' ')}`,
    )
}
