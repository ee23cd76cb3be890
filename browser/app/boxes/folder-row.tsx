/** Something that has come through a drop box: it stays in this browser until it is saved elsewhere and removed. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { saveStored } from '../../content/save-content.ts'
import type { BoxFolder } from '../../sharing/box-files.ts'
import type { OwnBoxes } from '../../sharing/own-boxes.ts'
import { saveFolder } from '../../sharing/save-folder.ts'
import { harmlessLine } from '../../text/harmless-text.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import { boxProblemSentence } from '../../words/drop-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'

const MOST_SHOWN = 100

export function FolderRow({ own, box, folder }: { own: OwnBoxes; box: string; folder: BoxFolder }) {
  const [saving, setSaving] = useState<number>()
  const [place, setPlace] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const ends = useRef(new AbortController())
  useEffect(() => () => ends.current.abort(), [])
  const { name, files } = folder
  const saveText = files.length === 1 ? 'Save it' : 'Save all'
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const read = (path: string) => own.read(box, name, path)
  const { signal } = ends.current
  const attempt = async (work: () => Promise<void>) => {
    setProblem(undefined)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) setProblem(boxProblemSentence(error))
    }
    setSaving(undefined)
  }
  const save = () =>
    attempt(async () => {
      const saved = await saveFolder(folder, { read, signal, onBytes: setSaving })
      setPlace(saved === undefined ? 'among your downloads' : `in ${saved}`)
    })
  const remove = async () => {
    if (place !== undefined || confirm(`Remove “${name}” from this browser? It was not saved elsewhere from here.`))
      await attempt(() => own.removeFolder(box, name))
  }
  return (
    <li data-testid="folder" data-folder={name}>
      <span class="name" dir="auto">
        <strong>{harmlessLine(name)}</strong>
      </span>
      <span class="facts">
        {filesText(files.length)}, {sizeText(size)}
      </span>
      <details>
        <summary>Files</summary>
        <ul>
          {files.slice(0, MOST_SHOWN).map(({ path, size: bytes }) => (
            <li key={path}>
              <span class="name" dir="auto">
                {harmlessLine(path)}
              </span>
              <span class="facts">{sizeText(bytes)}</span>
              <ActionButton
                text="Save"
                aria-label={`Save ${path}`}
                onClick={() => attempt(async () => saveStored(await read(path), path.slice(path.lastIndexOf('/') + 1), signal))}
              />
            </li>
          ))}
        </ul>
        {files.length > MOST_SHOWN && <p class="hint">and {filesText(files.length - MOST_SHOWN)} more: save all of them.</p>}
      </details>
      {saving !== undefined && <progress value={saving} max={Math.max(1, size)} aria-label="Saved" />}
      {place && (
        <span class="state" role="status" data-testid="folder-saved">
          Saved {place}. You can remove it from this browser.
        </span>
      )}
      <Problem text={problem} />
      <span class="buttons">
        <ActionButton
          text={saveText}
          aria-label={`${saveText}: ${name}`}
          disabled={saving !== undefined}
          onClick={save}
          data-testid="folder-save"
        />
        <ActionButton text="Remove" aria-label={`Remove ${name} from this browser`} onClick={remove} data-testid="folder-remove" />
      </span>
    </li>
  )
}
