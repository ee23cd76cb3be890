/** Things that other apps have shared with this one, until the person shares them here or lets them go. */

import { useEffect, useState } from 'preact/hooks'
import type { ChosenFile } from '../../content/chosen-files.ts'
import { dropGiven, type Given, readGiven } from '../../offline/given.ts'
import { sizeText } from '../../text/size-text.ts'
import { missedSentence } from '../../words/app-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'

interface GivenListProps {
  /** Resolve with true once it is shared. */
  onFiles(files: readonly ChosenFile[]): Promise<boolean>
  onText(text: string): Promise<boolean>
}

export function GivenList({ onFiles, onText }: GivenListProps) {
  const [given, setGiven] = useState<readonly Given[]>([])
  const [missed, setMissed] = useState(new URLSearchParams(location.search).get('missed'))
  const read = () => readGiven().then(setGiven, () => {}) // the browser gives this page no storage: nothing waits
  useEffect(() => void read(), [])
  const drop = async (items: readonly Given[]) => {
    setMissed(null)
    await dropGiven(items)
    await read()
  }
  const share = async () => {
    const files = given.filter(({ isText }) => !isText)
    const chosen = files.map(({ name, blob }) => ({ path: name, file: new File([blob], name, { type: blob.type }) }))
    if (chosen.length > 0 && (await onFiles(chosen))) await drop(files)
    for (const item of given) if (item.isText && (await onText(await item.blob.text()))) await drop([item])
  }
  return (
    <>
      <Problem text={missedSentence(missed)} testid="missed" />
      {given.length > 0 && (
        <section class="given" aria-labelledby="given-title" data-testid="given">
          <h2 id="given-title">From another app, not shared yet</h2>
          <ul>
            {given.map(({ id, name, blob, isText }) => (
              <li key={id}>
                {isText ? 'A text or a link' : <bdi>{name}</bdi>} <span class="facts">{sizeText(blob.size)}</span>
              </li>
            ))}
          </ul>
          <div class="actions">
            <ActionButton text="Share it" class="" onClick={share} data-testid="share-given" />
            <ActionButton text="Do not share it" onClick={() => drop(given)} data-testid="drop-given" />
          </div>
        </section>
      )}
    </>
  )
}
