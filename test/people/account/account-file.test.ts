import { decode, encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/key.ts'
import { openAccount } from '../../../node/people/account/open-account.ts'
import { createMemoryAccountStore } from '../../../node/people/account/store.ts'
import { openAccountFile, sealAccountFile } from '../../../node/people/format/account-file.ts'
import { decodeGrant, encodeGrant } from '../../../node/people/format/place-grant.ts'
import { type Stretch, stretch } from '../../../node/people/format/stretch.ts'
import { readWirePage } from '../../helpers/wire-page.ts'

const PASS_PHRASE = 'correct horse battery'
/** Costs nothing: what scrypt does is shown by one test. */
const quick: Stretch = async (secret, salt) => sha256AtOnce(Uint8Array.from([...secret, ...salt]))
const open = (store = createMemoryAccountStore()) => openAccount(store, { kind: 'kept' }, { stretch: quick })

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    ({ code }) => code,
  )

describe('account files', () => {
  test('an account goes by its file to another store: same id, its contacts and places too', async () => {
    const account = await open()
    await account.store.change('contacts', () => Uint8Array.from([1, 2, 3]))
    await account.store.change('tokens', () => Uint8Array.from([9]))
    const bytes = await account.exportFile(PASS_PHRASE)
    const store = createMemoryAccountStore()
    const imported = await openAccount(store, { kind: 'file', bytes, passPhrase: PASS_PHRASE }, { stretch: quick, placeName: 'tablet' })
    expect(imported.id).toBe(account.id)
    expect(await store.load('contacts')).toEqual(Uint8Array.from([1, 2, 3]))
    expect(await store.load('tokens')).toBeUndefined()
    expect(imported.places()).toHaveLength(2)
    expect(imported.livesInOnePlaceOnly).toBe(false)
  })

  test('a file that is imported once more changes no record that is newer', async () => {
    const account = await open()
    await account.store.change('contacts', () => Uint8Array.from([1]))
    const bytes = await account.exportFile(PASS_PHRASE)
    await account.store.change('contacts', () => Uint8Array.from([2]))
    await openAccount(account.store, { kind: 'file', bytes, passPhrase: PASS_PHRASE }, { stretch: quick })
    expect(await account.store.load('contacts')).toEqual(Uint8Array.from([2]))
  })

  test('a file of another account leaves the kept one, and all its records, as they are', async () => {
    const [kept, other] = [await open(), await open()]
    await other.store.change('contacts', () => Uint8Array.from([1]))
    const bytes = await other.exportFile(PASS_PHRASE)
    expect(await codeOf(openAccount(kept.store, { kind: 'file', bytes, passPhrase: PASS_PHRASE }, { stretch: quick }))).toBe('ERR_REFUSED')
    expect([await kept.store.load('contacts'), (await open(kept.store)).id]).toEqual([undefined, kept.id])
  })

  test('scrypt of 128 MiB stands before the secret, and another pass phrase is refused', async () => {
    const content = { entropy: new Uint8Array(16).fill(7), records: new Map([['places', Uint8Array.from([1])]]) }
    const costs: object[] = []
    const seen: Stretch = (secret, salt, cost) => {
      costs.push(cost)
      return stretch(secret, salt, cost)
    }
    const bytes = await sealAccountFile(content, PASS_PHRASE, seen)
    expect(await openAccountFile(bytes, PASS_PHRASE, seen)).toEqual(content)
    expect(await codeOf(openAccountFile(bytes, `${PASS_PHRASE} `, quick))).toBe('ERR_WRONG_PASS_PHRASE')
    expect(costs).toEqual([
      { log2N: 17, r: 8, p: 1 },
      { log2N: 17, r: 8, p: 1 },
    ])
  })

  test('the file and the grant of the page are what they say', async () => {
    const { examples } = await readWirePage('node/people/WIRE.md')
    const content = { entropy: new Uint8Array(16).fill(7), records: new Map([['contacts', Uint8Array.from([1, 2, 3])]]) }
    expect(await openAccountFile(examples.get('account file') as Uint8Array, PASS_PHRASE, stretch)).toEqual(content)
    const grant = examples.get('grant') as Uint8Array
    const opened = decodeGrant(grant)
    expect(opened).toMatchObject({ entropy: content.entropy, name: 'phone', certificate: { bytes: examples.get('certificate') } })
    expect(encodeGrant({ ...opened, certificate: opened.certificate.bytes })).toEqual(grant)
  })

  test('a pass phrase is the same in each Unicode form; one that is too short is refused', async () => {
    const content = { entropy: new Uint8Array(16), records: new Map() }
    const bytes = await sealAccountFile(content, 'caf\u00e9 au lait', quick)
    expect(await openAccountFile(bytes, 'cafe\u0301 au lait', quick)).toEqual(content)
    for (const bad of ['', 'seven c', 'x'.repeat(1_025), `half a pair \ud83d`])
      expect(await codeOf(sealAccountFile(content, bad, quick))).toBe('ERR_BAD_OPTION')
  })

  test('each changed entry of the file is refused, and so is another file', async () => {
    const bytes = await sealAccountFile({ entropy: new Uint8Array(16), records: new Map() }, PASS_PHRASE, quick)
    const entries = decode(bytes) as unknown[]
    const changed = entries.map((entry, i) =>
      entries.with(
        i,
        typeof entry === 'number' ? entry + 1 : typeof entry === 'string' ? `${entry}s` : (entry as Uint8Array).map((byte) => byte ^ 1),
      ),
    )
    const codes = await Promise.all(changed.map((each) => codeOf(openAccountFile(Uint8Array.from(encode(each)), PASS_PHRASE, quick))))
    // Magic, version, and costs that are over the limit; then log2 N, salt, nonce and the sealed part.
    expect(codes.map((code) => code === 'ERR_WRONG_PASS_PHRASE')).toEqual([false, false, true, false, false, true, true, true])
    expect(new Set(codes)).toEqual(new Set(['ERR_BAD_OPTION', 'ERR_WRONG_PASS_PHRASE']))
    for (const other of [bytes.slice(0, -1), new Uint8Array(0), new TextEncoder().encode('%PDF-1.4')]) {
      expect(await codeOf(openAccountFile(other, PASS_PHRASE, quick))).toBe('ERR_BAD_OPTION')
    }
  })

  test('a file cannot ask for more memory than 256 MiB, or make guessing cheap', async () => {
    const bytes = await sealAccountFile({ entropy: new Uint8Array(16), records: new Map() }, PASS_PHRASE, quick)
    const entries = decode(bytes) as unknown[]
    for (const log2N of [16, 19, 40]) {
      expect(await codeOf(openAccountFile(Uint8Array.from(encode(entries.with(2, log2N))), PASS_PHRASE, quick))).toBe('ERR_BAD_OPTION')
    }
  })
})
