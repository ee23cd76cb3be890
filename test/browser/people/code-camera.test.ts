import { afterEach, expect, test, vi } from 'vitest'
import { canReadCodes, readCode } from '../../../browser/people/code-camera.ts'

/** A camera whose pictures show these codes, one after the other. */
function useCamera(pictures: string[][], formats = ['qr_code']) {
  const track = { stop: vi.fn() }
  const getUserMedia = vi.fn(async () => ({ getTracks: () => [track] }))
  class BarcodeDetector {
    static getSupportedFormats = async () => formats
    detect = async () => (pictures.shift() ?? []).map((rawValue) => ({ rawValue }))
  }
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
  vi.stubGlobal('BarcodeDetector', BarcodeDetector)
  const video = { srcObject: null as unknown, play: async () => {} } as HTMLVideoElement
  return { track, video }
}

afterEach(() => void vi.unstubAllGlobals())

test('camera: is offered only where the browser reads QR codes', async () => {
  useCamera([])
  expect(await canReadCodes()).toBe(true)
  useCamera([], ['ean_13'])
  expect(await canReadCodes()).toBe(false)
  vi.stubGlobal('BarcodeDetector', undefined)
  expect(await canReadCodes()).toBe(false)
})

test('camera: reads until a code is the one that is wanted, and is off then', async () => {
  const { track, video } = useCamera([[], ['https://elsewhere.example'], ['#add=abc']])
  expect(await readCode(video, (text) => text.startsWith('#add='))).toBe('#add=abc')
  expect(track.stop).toHaveBeenCalledTimes(1)
  expect(video.srcObject).toBeNull()
})

test('camera: is off after an abort', async () => {
  const { track, video } = useCamera([])
  const controller = new AbortController()
  const reading = readCode(video, () => true, { signal: controller.signal })
  const reason = new Error('closed')
  controller.abort(reason)
  await expect(reading).rejects.toBe(reason)
  expect(track.stop).toHaveBeenCalledTimes(1)
})
