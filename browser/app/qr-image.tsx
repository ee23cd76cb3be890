/** A QR code of a link, made by code that is loaded when it is first shown. It is black on white in dark mode too, as scanners expect. */

import { useEffect, useState } from 'preact/hooks'

/** White modules around the code. @see ISO/IEC 18004, quiet zone */
const QUIET_ZONE = 4

export function QrImage({ text, alt }: { text: string; alt: string }) {
  const [url, setUrl] = useState<string>()
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    let isCurrent = true
    qrDataUrl(text).then(
      (made) => isCurrent && setUrl(made),
      () => isCurrent && setFailed(true),
    )
    return () => {
      isCurrent = false
    }
  }, [text])
  if (failed) return <p role="alert">The QR code could not be made. Copy the link instead.</p>
  return url === undefined ? null : <img class="qr" src={url} alt={alt} width="240" height="240" data-testid="qr" />
}

async function qrDataUrl(text: string): Promise<string> {
  const [{ generate }, { toSvgDataURL }] = await Promise.all([import('lean-qr'), import('lean-qr/extras/svg')])
  return toSvgDataURL(generate(text), { on: 'black', off: 'white', pad: QUIET_ZONE })
}
