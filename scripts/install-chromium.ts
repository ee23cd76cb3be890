/**
 * Makes sure that there is a Chromium for the browser tests: the one that is there, else Debian's as root, else the one that
 * playwright-core brings. Says on stderr what it does; when nothing helps, says what to do by hand and exits with 1.
 */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installWithApt, run } from './apt.ts'
import { chromiumVersion, findChromium } from './chromium.ts'

const PLAYWRIGHT = fileURLToPath(new URL('../node_modules/playwright-core/cli.js', import.meta.url))
const BY_HAND = `mayfly set-up: no Chromium for the browser tests. One of these brings it:
  as root on Debian:            apt-get install chromium
  elsewhere:                    npx playwright-core install --with-deps chromium
  one that is there already:    CHROMIUM_PATH=/path/to/chromium npm test
`

/** A found Chromium that does not start (Ubuntu's placeholder for a snap is one) is as good as none. */
function isReady(): boolean {
  const path = findChromium()
  return path !== undefined && chromiumVersion(path) !== undefined
}

/** Ubuntu has the same package names, but nothing in them: there, playwright-core's own build is the way. */
function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID=["']?debian\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}

function installFromDebian(): boolean {
  return isDebian() && installWithApt(['chromium']) && isReady()
}

function installWithPlaywright(): boolean {
  const withLibraries = process.platform === 'linux' && process.getuid?.() === 0
  const args = [PLAYWRIGHT, 'install', ...(withLibraries ? ['--with-deps'] : []), 'chromium']
  return run(process.execPath, args) && isReady()
}

// A CHROMIUM_PATH that is wrong is for its owner to correct: another Chromium would not be used.
const mayInstall = process.env.CHROMIUM_PATH === undefined || process.env.CHROMIUM_PATH === ''
if (!isReady() && !(mayInstall && (installFromDebian() || installWithPlaywright()))) {
  process.stderr.write(BY_HAND)
  process.exitCode = 1
}
