/**
 * Foreign programs that tests run, to show that they work with mayfly: their paths, and the packages that bring them.
 * Run as a script it installs those that are missing, as root where there is apt; else it says what to do by hand and leaves the rest to
 * the tests, which fail without them and never skip.
 */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installWithApt } from './apt.ts'

/** Debian package of each program. */
const PACKAGES = {
  curl: 'curl',
  aria2c: 'aria2',
  nginx: 'nginx-light',
  caddy: 'caddy',
  haproxy: 'haproxy',
  turnserver: 'coturn',
  openssl: 'openssl',
  sqlite3: 'sqlite3',
  'systemd-analyze': 'systemd',
  script: 'bsdutils',
  sh: 'dash',
  ffmpeg: 'ffmpeg',
  strace: 'strace',
  busybox: 'busybox',
  faketime: 'faketime',
  bsdtar: 'libarchive-tools',
  unzip: 'unzip',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  lftp: 'lftp',
  wget: 'wget',
  wget2: 'wget2',
  zsync: 'zsync',
  zsyncmake: 'zsync',
  zsh: 'zsh',
  fish: 'fish',
  man: 'man-db',
  groff: 'groff-base',
  mandoc: 'mandoc',
} as const
export type TestProgram = keyof typeof PACKAGES

/** @throws with the package to install, when the program is not on the PATH */
export function requireProgram(name: TestProgram): string {
  const path = findProgram(name)
  if (path === undefined) throw new Error(`No ${name} on this machine. On Debian, as root: apt-get install ${PACKAGES[name]}`)
  return path
}

/** Undefined when it is not on the PATH. */
export function findProgram(name: string): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'] // where Debian has nginx, and users' PATH does not lead
    .map((folder) => join(folder, name))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

if (import.meta.main) {
  const missing = () => Object.entries(PACKAGES).filter(([name]) => findProgram(name) === undefined)
  if (missing().length > 0) installWithApt(missing().map(([, debian]) => debian))
  const still = missing().map(([, debian]) => debian)
  if (still.length > 0)
    console.error(`mayfly set-up: some tests will fail without these; on Debian, as root: apt-get install ${still.join(' ')}`)
}
