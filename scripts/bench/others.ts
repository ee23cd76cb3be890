/**
 * Other systems' packages, which nothing but a comparison needs: installed on demand by npm into the cache folder of node_modules, and
 * used from there until the versions named here change. Their install scripts do not run.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/mayfly-bench/', import.meta.url))
const INSTALL_MS = 120_000

interface Other {
  dependencies: Record<string, string>
  /** A module in the folder of the packages, from which they can be imported. */
  entry: string
}

export const OTHERS = {
  hyperdht: {
    dependencies: { hyperdht: '6.34.0' },
    entry: "export { default as DHT } from 'hyperdht'\n",
  },
  helia: {
    dependencies: {
      '@helia/bitswap': '4.0.19',
      '@helia/libp2p': '2.1.4',
      '@helia/unixfs': '8.0.5',
      helia: '7.1.15',
    },
    entry: [
      "export { createHeliaLight } from 'helia'",
      "export { withBitswap } from '@helia/bitswap'",
      "export { withLibp2pLight } from '@helia/libp2p'",
      "export { unixfs } from '@helia/unixfs'",
      "export { CID } from 'multiformats/cid'",
      '',
    ].join('\n'),
  },
  // The last ones that keep their blocks in memory: what is to be compared is the transfer, not a disk.
  hyperdrive: {
    dependencies: { corestore: '6.18.4', hyperdrive: '11.13.4', 'random-access-memory': '6.2.1' },
    entry: [
      "export { default as Corestore } from 'corestore'",
      "export { default as Hyperdrive } from 'hyperdrive'",
      "export { default as RAM } from 'random-access-memory'",
      '',
    ].join('\n'),
  },
  // Its WebRTC for Node.js is a native package whose install script fetches it: left out, since peers in Node.js meet over TCP.
  webtorrent: {
    dependencies: { 'bittorrent-tracker': '11.2.3', 'create-torrent': '6.1.3', webtorrent: '3.0.21' },
    entry: [
      "import { registerHooks } from 'node:module'",
      "const names = ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate']",
      "const url = 'data:text/javascript,' + names.map((name) => 'export const ' + name + ' = undefined;').join('')",
      'registerHooks({',
      "  resolve: (name, context, next) => (name === 'webrtc-polyfill' ? { url, shortCircuit: true } : next(name, context)),",
      '})',
      "export const { default: createTorrent } = await import('create-torrent')",
      "export const { default: Tracker } = await import('bittorrent-tracker/server')",
      "export const { default: WebTorrent } = await import('webtorrent')",
      // The bundle that a page loads.
      "export const browserBundle = import.meta.resolve('webtorrent/dist/webtorrent.min.js')",
      '',
    ].join('\n'),
  },
  peerjs: {
    dependencies: { peer: '1.0.2', peerjs: '1.5.5' },
    entry: [
      "export { ExpressPeerServer } from 'peer'",
      "export { default as express } from 'express'",
      // The bundle that a page loads.
      "export const browserBundle = import.meta.resolve('peerjs/dist/peerjs.min.js')",
      '',
    ].join('\n'),
  },
} as const satisfies Record<string, Other>

/**
 * Resolves with the URL of the module to import.
 *
 * @throws when npm cannot install it, with what npm said
 */
export async function installOther(name: keyof typeof OTHERS): Promise<string> {
  const { dependencies, entry }: Other = OTHERS[name]
  const versions = Object.values(dependencies).join('-')
  const folder = join(CACHE, `${name}-${versions}`)
  const module = join(folder, 'entry.mjs')
  const url = pathToFileURL(module).href
  if (existsSync(module)) return url
  mkdirSync(folder, { recursive: true })
  // React Native comes in through optional peers of a package that is used in browsers only.
  const overrides = { 'react-native-webrtc': 'npm:empty-npm-package@^1.0.0' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies, overrides }))
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = spawn('npm', install, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: INSTALL_MS })
  let said = ''
  npm.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const [code] = await once(npm, 'close')
  if (code !== 0) throw new Error(`npm cannot install ${name}: ${said.trim().split('\n')[0] ?? ''}`)
  // Last: a folder without it is not complete.
  writeFileSync(module, entry)
  return url
}
