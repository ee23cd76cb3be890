/** Functions that tests call in a page: the account's store in a browser, which only a browser has. */

import { openAccountRecords } from '../../../browser/peer/account-records.ts'
import { createWorkerStretch } from '../../../browser/peer/worker-stretch.ts'
import { openAccount } from '../../../node/people/account/open-account.ts'
import type { AccountStore } from '../../../node/people/account/store.ts'
import { createIdentityVerifier } from '../../../node/people/format/identity.ts'
import { ACCOUNT_STORE_CASES } from '../account-store-suite.ts'

let places = 0

const NOW_MS = Date.now()

export const accountPage = {
  /** Throws when the contract is broken; the number of cases. */
  async runCases(): Promise<number> {
    for (const { name, run } of ACCOUNT_STORE_CASES) {
      let place = ''
      const open = () => openAccountRecords({ name: place })
      const create = () => {
        place = `case-${Date.now()}-${places++}`
        return open()
      }
      await run({ create, reopen: open, share: open }).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`)
      })
    }
    return ACCOUNT_STORE_CASES.length
  },

  /** The account that is kept in this browser, made when there is none; and whether its identity is believed. */
  async openKept(): Promise<{ id: string; words: string; isKept: boolean; places: number; refusal: string | undefined }> {
    const account = await openAccount(await openAccountRecords(), { kind: 'kept' })
    const proof = await account.identityFor('peerA')
    const { refusal } = createIdentityVerifier()(proof, { peer: 'peerA', times: [NOW_MS, Date.now()], isRevoked: () => false })
    return {
      id: account.id,
      words: (await account.words()).join(' '),
      isKept: account.isKept,
      places: account.places().length,
      refusal: refusal?.code,
    }
  },

  /** All that is stored, as text, in which a secret in clear would be found; and the keys that a script could read. */
  async readStored(): Promise<{ hex: string; extractable: boolean[]; form: string }> {
    const open = indexedDB.open('mayfly-account')
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }))
    const database = await done(open)
    const stores = database.transaction(['records', 'keys'])
    const records: Uint8Array[] = await done(stores.objectStore('records').getAll())
    const keys: (CryptoKey | { privateKey?: CryptoKey; sealedSeed?: Uint8Array })[] = await done(stores.objectStore('keys').getAll())
    database.close()
    const found = keys.map((key) => (key instanceof CryptoKey ? key : key.privateKey)).filter((key) => key !== undefined)
    return {
      hex: records.map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')).join(' '),
      extractable: found.map((key) => key.extractable),
      form: keys.some((key) => 'sealedSeed' in key) ? 'sealed seed' : 'key',
    }
  },

  /** Exports the account by a pass phrase that a worker stretches, and imports it into another store of this browser. */
  async goByFile(): Promise<{ ids: string[]; size: number; ticks: number }> {
    let ticks = 0
    const timer = setInterval(() => ticks++, 20)
    const stretch = createWorkerStretch()
    const account = await openAccount(await openAccountRecords(), { kind: 'kept' }, { stretch })
    const bytes = await account.exportFile('correct horse battery')
    clearInterval(timer)
    const other = await openAccountRecords({ name: 'other' })
    const imported = await openAccount(other, { kind: 'file', bytes, passPhrase: 'correct horse battery' }, { stretch })
    return { ids: [account.id, imported.id], size: bytes.byteLength, ticks }
  },

  /** The place's key where a browser has no Ed25519, or loses a record that has such a key, as WebKit did with X25519. */
  async openWithoutEd25519(how: 'has none' | 'loses it'): Promise<{ signs: boolean; form: string }> {
    const generate = crypto.subtle.generateKey
    const put = IDBObjectStore.prototype.put
    if (how === 'has none') {
      crypto.subtle.generateKey = ((algorithm: never, ...rest: [never, never]) => {
        if (algorithm === 'Ed25519') throw new DOMException('no Ed25519', 'NotSupportedError')
        return generate.call(crypto.subtle, algorithm, ...rest)
      }) as typeof generate
    } else {
      IDBObjectStore.prototype.put = function (value: { privateKey?: unknown }, key?: IDBValidKey) {
        return put.call(this, value?.privateKey === undefined ? value : null, key)
      }
    }
    try {
      const name = `old-${Date.now()}-${places++}`
      const before: AccountStore = await openAccountRecords({ name })
      const first = await openAccount(before, { kind: 'kept' })
      await before.close()
      const again = await openAccount(await openAccountRecords({ name }), { kind: 'kept' })
      const proof = await again.identityFor('peerA')
      const { refusal } = createIdentityVerifier()(proof, { peer: 'peerA', times: [Date.now()], isRevoked: () => false })
      return {
        signs: refusal === undefined,
        form: first.id === again.id && again.places().length === 1 ? 'the same place' : 'another place',
      }
    } finally {
      crypto.subtle.generateKey = generate
      IDBObjectStore.prototype.put = put
    }
  },

  async openWithoutStorage(): Promise<string> {
    Object.defineProperty(globalThis, 'indexedDB', {
      value: {
        open() {
          throw new DOMException('not here', 'SecurityError')
        },
      },
    })
    return codeOf(openAccountRecords())
  },

  openCode: (): Promise<string> => codeOf(openAccountRecords()),

  async storeTooMuch(): Promise<{ code: string; kept: number | undefined }> {
    const store = await openAccountRecords({ name: 'full' })
    await store.change('contacts', () => Uint8Array.from([1]))
    const put = IDBObjectStore.prototype.put
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    const code = await codeOf(store.change('contacts', () => Uint8Array.from([2])))
    IDBObjectStore.prototype.put = put
    return { code, kept: (await store.load('contacts'))?.[0] }
  },
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    ({ code }: { code?: unknown }) => String(code),
  )
}

declare global {
  interface Window {
    accountPage?: typeof accountPage
  }
}

window.accountPage = accountPage
