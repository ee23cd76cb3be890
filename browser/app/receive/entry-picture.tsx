/** A small picture that has come: shown. Nothing of it was fetched for that. */

import { useEffect, useState } from 'preact/hooks'
import type { ShareEntry } from '../../../node/index.ts'
import { blobOf } from '../../content/save-content.ts'
import type { ReceiveVisit } from '../../sharing/receive-visit.ts'
import { harmlessLine } from '../../text/harmless-text.ts'

/** Pictures of pixels: they can run nothing. */
const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/
const MAX_BYTES = 4_194_304

export function EntryPicture({ visit, entry }: { visit: ReceiveVisit; entry: ShareEntry }) {
  const [url, setUrl] = useState<string>()
  const isPicture = PICTURE.test(entry.mediaType) && entry.size <= MAX_BYTES
  const file = isPicture ? visit.table.plainOf(entry.id) : undefined
  useEffect(() => {
    if (file === undefined) return
    const leaving = new AbortController()
    let made: string | undefined
    blobOf(file.read({ signal: leaving.signal }), entry.mediaType).then(
      (blob) => {
        if (leaving.signal.aborted) return
        made = URL.createObjectURL(blob)
        setUrl(made)
      },
      () => {}, // saving it tells what is wrong
    )
    return () => {
      leaving.abort()
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [file])
  if (url === undefined) return null
  return <img class="entry-picture" src={url} alt={harmlessLine(entry.path)} onError={() => setUrl(undefined)} />
}
