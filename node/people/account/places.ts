/** The places in which an account lives: a record of the store. Pure. */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { equalBytes } from '../../keys/key.ts'
import { encodeKeyHex } from '../../keys/key-text.ts'
import { readArray, readBytesUpTo, readInteger, readText } from '../../network/fields.ts'
import { type Certificate, MAX_CERTIFICATE_BYTES, openCertificate, readCertificate } from '../format/certificate.ts'
import { RECORD_LIMITS } from './store.ts'
import type { RecordForm } from './stored-record.ts'

export const PLACE_LIMITS = {
  /** Places of one account, revoked and expired ones among them. */
  maxPlaces: 64,
  /** Characters of a place's name. */
  maxNameLength: 64,
} as const

export interface KnownPlace {
  certificate: Certificate
  name: string
  namedAtMs: number
}

/** By the place's public key, hex. */
export type KnownPlaces = ReadonlyMap<string, KnownPlace>

const VERSION = 1

/** Places of another account, left over from an import that was cut, are none. */
export function placesForm(account: Uint8Array): RecordForm<KnownPlaces> {
  return {
    name: 'places',
    decode(bytes) {
      if (bytes === undefined) return new Map()
      return decodeCanonical('the record of places', bytes, RECORD_LIMITS.maxBytes, (value) => {
        const [version, list] = mustBeArray(value, 2)
        if (version !== VERSION) throw new Error(`version ${String(version)}`)
        const places = readArray(list, 'places', PLACE_LIMITS.maxPlaces, (item) => readPlace(item, readCertificate))
        const own = places.filter(({ certificate }) => equalBytes(certificate.account, account))
        return new Map(own.map((place) => [encodeKeyHex(place.certificate.place), place]))
      })
    },
    encode: (places) => encodeCanonical([VERSION, [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => placeItem(place))]),
  }
}

const placeItem = ({ certificate, name, namedAtMs }: KnownPlace) => [certificate.bytes, name, namedAtMs]

function readPlace(item: unknown, open: (bytes: Uint8Array) => Certificate): KnownPlace {
  const [certificate, name, namedAtMs] = mustBeArray(item, 3)
  return {
    certificate: open(readBytesUpTo(certificate, 'certificate', MAX_CERTIFICATE_BYTES)),
    name: readText(name, 'name', PLACE_LIMITS.maxNameLength),
    namedAtMs: readInteger(namedAtMs, 'time of the name'),
  }
}

const MAX_ENTRY_BYTES = 1_024

/** A place as instances of one account tell each other. */
export function encodePlace(place: KnownPlace): Uint8Array {
  return encodeCanonical(placeItem(place))
}

/** @throws {MayflyError} ERR_BAD_FRAME, ERR_FORGED */
export function decodePlace(bytes: Uint8Array): KnownPlace {
  return decodeCanonical('a place', bytes, MAX_ENTRY_BYTES, (item) => readPlace(item, openCertificate))
}

/**
 * The places with news in them: of two certificates of one place the one with the higher serial counts, of two names the newer one. Over the
 * limit, revoked places are forgotten, then those that were certified longest ago; none by its age, since a clock may be wrong.
 *
 * @param own the public key of the place where this is stored: it is never forgotten
 */
export function mergePlaces(
  known: KnownPlaces,
  news: readonly KnownPlace[],
  own: Uint8Array,
  isRevoked: (place: KnownPlace) => boolean = () => false,
): KnownPlaces {
  const merged = new Map(known)
  for (const place of news) {
    const hex = encodeKeyHex(place.certificate.place)
    const before = merged.get(hex)
    merged.set(hex, before === undefined ? place : { ...newerName(before, place), certificate: newerCertificate(before, place) })
  }
  const rank = (place: KnownPlace) => (equalBytes(place.certificate.place, own) ? 0 : isRevoked(place) ? 2 : 1)
  const kept = [...merged].sort(([, a], [, b]) => rank(a) - rank(b) || b.certificate.issuedAtMs - a.certificate.issuedAtMs)
  return new Map(kept.slice(0, PLACE_LIMITS.maxPlaces))
}

function newerCertificate({ certificate: a }: KnownPlace, { certificate: b }: KnownPlace): Certificate {
  return b.serial > a.serial ? b : a
}

function newerName(a: KnownPlace, b: KnownPlace): Pick<KnownPlace, 'name' | 'namedAtMs'> {
  const { name, namedAtMs } = b.namedAtMs > a.namedAtMs ? b : a
  return { name, namedAtMs }
}

/** A name that fits: one line, no control characters, half as many characters as the limit, since some count twice. */
export function cleanPlaceName(name: string): string {
  const clean = name
    .normalize('NFC')
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
  const cut = [...clean].slice(0, PLACE_LIMITS.maxNameLength / 2).join('')
  return cut.trim() || 'a place'
}
