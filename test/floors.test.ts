/** Rules for the lockfile: FLOORS and BANNED are known faults, the others keep an install small and portable. */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

interface LockedPackage {
  name?: string
  version: string
  resolved?: string
  dev?: boolean
  hasInstallScript?: boolean
  optionalDependencies?: Record<string, string>
}

const lockfile: { packages: Record<string, LockedPackage> } = readJson('../package-lock.json')
const manifest: { allowScripts: Record<string, boolean> } = readJson('../package.json')

/** Every installed package: where it lies, the name it is imported by, and the name it has at the registry. */
const packages = Object.entries(lockfile.packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ ...entry, path, importName: lastName(path), registryName: entry.name ?? lastName(path) }))

/** Packages that `npm ci --omit=dev` installs. */
const production = packages.filter((entry) => entry.dev !== true)

/** The oldest versions that a stranger cannot stall or flood. */
const FLOORS: Record<string, string> = {
  ws: '8.21.0',
  '@libp2p/crypto': '5.1.22',
}

const BANNED_ANYWHERE: Record<string, string> = {
  '@chainsafe/libp2p-gossipsub': 'presence goes over lease streams',
  '@libp2p/gossipsub': 'presence goes over lease streams',
  '@libp2p/floodsub': 'presence goes over lease streams',
  '@chainsafe/libp2p-yamux': 'has moved to @libp2p/yamux; the old build brings ten duplicates',
  'react-native-webrtc': 'brings React Native, 364 MB',
}

const BANNED_IN_PRODUCTION: Record<string, string> = {
  '@libp2p/webrtc': 'loads a native UDP library when it is imported in Node.js; for tabs only, where it is bundled',
  'node-datachannel': 'a native UDP library, 54 MB',
  'react-native': 'no telephone here',
}

/** Two versions of one of these in one process do not recognise each other's objects. */
const ONE_VERSION_ONLY = /^(@libp2p\/.+|libp2p|multiformats|@multiformats\/.+|uint8arraylist|interface-datastore|interface-store)$/

describe('floors', () => {
  test.each(Object.entries(FLOORS))('%s is at least %s', (name, floor) => {
    const found = packages.filter((entry) => entry.registryName === name)
    expect(found).not.toEqual([])
    expect(found.filter((entry) => isOlder(entry.version, floor))).toEqual([])
  })
})

describe('bans', () => {
  test.each(Object.keys(BANNED_ANYWHERE))('%s is nowhere', (name) => {
    expect(packages.filter((entry) => entry.registryName === name)).toEqual([])
  })

  test.each(Object.keys(BANNED_IN_PRODUCTION))('%s is in no production install', (name) => {
    expect(production.filter((entry) => entry.registryName === name)).toEqual([])
  })

  test('noise is the maintained build under the name that the owner lists', () => {
    const noise = packages.filter((entry) => entry.importName === '@chainsafe/libp2p-noise')
    expect(noise.map((entry) => entry.registryName)).toEqual(['@libp2p/noise'])
  })

  test('nothing in a production install runs a script when it is installed', () => {
    expect(production.filter((entry) => entry.hasInstallScript)).toEqual([])
  })
})

describe('the lockfile', () => {
  test('holds the parts of libp2p once each in a production install', () => {
    const places = new Map<string, string[]>()
    for (const { registryName, path } of production) {
      if (ONE_VERSION_ONLY.test(registryName)) places.set(registryName, [...(places.get(registryName) ?? []), path])
    }
    expect([...places.values()].filter((paths) => paths.length > 1)).toEqual([])
  })

  test('holds no install script that nobody has decided about', () => {
    const undecided = packages.filter((entry) => entry.hasInstallScript && manifest.allowScripts[entry.registryName] === undefined)
    expect(undecided).toEqual([])
  })

  test('names no registry', () => {
    expect(packages.filter((entry) => entry.resolved !== undefined)).toEqual([])
  })

  test('holds every platform’s builds, without which npm ci refuses it there and here', () => {
    const paths = new Set(packages.map((entry) => entry.path))
    const missing = packages.flatMap(({ path, optionalDependencies = {} }) =>
      Object.keys(optionalDependencies).filter((name) => !paths.has(`node_modules/${name}`) && !paths.has(`${path}/node_modules/${name}`)),
    )
    expect(missing).toEqual([])
  })
})

function readJson(path: string) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** Compares versions by their three numbers; a pre-release counts as its release. */
function isOlder(version: string, floor: string): boolean {
  const numbers = (text: string) => text.split(/[.-]/, 3).map(Number)
  const [wanted, found] = [numbers(floor), numbers(version)]
  for (const [i, part] of wanted.entries()) {
    const difference = (found[i] ?? 0) - part
    if (difference !== 0) return difference < 0
  }
  return false
}
