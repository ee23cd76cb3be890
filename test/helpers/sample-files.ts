/** Files made in code: unique bytes, a sound, an image. */

import { crc32, deflateSync } from 'node:zlib'

export function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

const RATE = 22_050

/** A tone of so many seconds: 16-bit mono, 44,100 bytes per second. @see http://soundfile.sapp.org/doc/WaveFormat/ */
export function wavBytes(seconds: number): Uint8Array {
  const samples = Math.round(seconds * RATE)
  const wav = Buffer.alloc(44 + 2 * samples)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + 2 * samples, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16) // the size of the format's description
  wav.writeUInt16LE(1, 20) // PCM
  wav.writeUInt16LE(1, 22) // mono
  wav.writeUInt32LE(RATE, 24)
  wav.writeUInt32LE(2 * RATE, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(2 * samples, 40)
  for (let i = 0; i < samples; i++) wav.writeInt16LE(Math.round(8_000 * Math.sin((i * 440 * 2 * Math.PI) / RATE)), 44 + 2 * i)
  return wav
}

/** A square of noise: true colour, 8 bits, so that it is as large as wanted. @see https://www.w3.org/TR/png-3/ */
export function pngBytes(side: number): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2], 8)
  const pixels = Buffer.from(randomBytes(side * (1 + 3 * side)))
  for (let row = 0; row < side; row++) pixels[row * (1 + 3 * side)] = 0 // no filter
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(pixels)), pngChunk('IEND', Buffer.alloc(0))])
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.byteLength)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
