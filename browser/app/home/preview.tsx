/** A preview of the text that is being written, without its scripts. */

import { useEffect, useRef } from 'preact/hooks'
import { PreviewFrame } from '../../visit/preview-frame.ts'

const SETTLE_MS = 150 // a preview that follows every key flickers

export function Preview({ bytes }: { bytes: Uint8Array }) {
  const container = useRef<HTMLDivElement>(null)
  const frame = useRef<PreviewFrame | undefined>(undefined)

  useEffect(() => {
    const created = new PreviewFrame('Preview of your page')
    frame.current = created
    container.current?.append(created.element)
    return () => created.close()
  }, [])
  useEffect(() => {
    const timer = setTimeout(() => frame.current?.show(bytes), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [bytes])

  return (
    <div class="pane">
      <p class="label">
        Preview <small>without scripts</small>
      </p>
      <div class="preview" ref={container} data-testid="preview" />
    </div>
  )
}
