/** Statements that are signed by a key whose secret may be out of reach, as a non-extractable one of WebCrypto is. Each kind has a domain of its own. */

import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical } from '../../keys/canonical.ts'
import { decodeSigned, isPartSigned, SIGNED_OVERHEAD_BYTES, signedBytes } from '../../keys/signed.ts'
import { publicKeyOf, type SigningSecret, signBytes } from '../../keys/signing.ts'

/** A key that signs. */
export interface Signer {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** For a secret that this process can read. */
export function signerOf(secret: SigningSecret): Signer {
  return { publicKey: publicKeyOf(secret), sign: (bytes) => signBytes(secret, bytes) }
}

export interface SignedForm<T> {
  /** For errors: "a certificate". */
  what: string
  domain: string
  maxPartBytes: number
  /** Reads the signed part. @throws {Error} that names what is wrong */
  read(value: unknown): T
  /** The key that must have signed. */
  signerOf(statement: T): Uint8Array
}

export async function signStatement(form: SignedForm<unknown>, signer: Signer, part: readonly unknown[]): Promise<Uint8Array> {
  const bytes = encodeCanonical(part)
  return encodeCanonical([bytes, await signer.sign(signedBytes(form.domain, bytes))])
}

/**
 * Reads a statement and checks its signature; the bytes are those that were given.
 *
 * @throws {MayflyError} ERR_BAD_FRAME: another form; ERR_FORGED: another key has signed, or something else was signed
 */
export function openStatement<T extends object>(form: SignedForm<T>, bytes: Uint8Array): T & { bytes: Uint8Array } {
  const statement = readStatement(form, bytes)
  if (isPartSigned(form.signerOf(statement), form.domain, bytes)) return statement
  throw new MayflyError('ERR_FORGED', `The signature of ${form.what} is wrong`)
}

/** As `openStatement`, for statements that were opened before they were stored here: their signatures are not checked again. */
export function readStatement<T extends object>(form: SignedForm<T>, bytes: Uint8Array): T & { bytes: Uint8Array } {
  const { part } = decodeSigned(form.what, bytes, form.maxPartBytes + SIGNED_OVERHEAD_BYTES)
  return { ...decodeCanonical(form.what, part, form.maxPartBytes, form.read), bytes: new Uint8Array(bytes) }
}
