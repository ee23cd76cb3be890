/** Reads a QR code with the camera, where the browser has a reader of its own (`BarcodeDetector`). */

import type { AbortOptions } from '../../node/index.ts'

/** Not in TypeScript's library yet. @see https://wicg.github.io/shape-detection-api/#barcode-detection-api */
interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>
}

interface DetectorClass {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

const detectorClass = (): DetectorClass | undefined => (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector

/** How often a picture is read, in ms: a hand holds the code for a second or two. */
const READ_EVERY_MS = 150

/** True where there is a reader of QR codes and a page may ask for the camera. */
export async function canReadCodes(): Promise<boolean> {
  if (navigator.mediaDevices?.getUserMedia === undefined) return false
  const formats =
    (await detectorClass()
      ?.getSupportedFormats()
      .catch(() => [])) ?? []
  return formats.includes('qr_code')
}

/**
 * Shows the camera in the video element until a code is read. The camera is off when the promise settles.
 *
 * @param accepts false for the text of a code that is something else
 * @throws DOMException, when the person or the browser gives no camera; signal.reason, when aborted
 */
export async function readCode(
  video: HTMLVideoElement,
  accepts: (text: string) => boolean,
  { signal }: AbortOptions = {},
): Promise<string> {
  const Detector = detectorClass()
  if (Detector === undefined) throw new DOMException('This browser reads no codes', 'NotSupportedError')
  const detector = new Detector({ formats: ['qr_code'] })
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  try {
    signal?.throwIfAborted()
    video.srcObject = stream
    await video.play()
    for (;;) {
      signal?.throwIfAborted()
      const found = (await detector.detect(video)).map(({ rawValue }) => rawValue).find(accepts)
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS))
    }
  } finally {
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
}
