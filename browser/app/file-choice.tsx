/** Takes one file, chosen, dropped anywhere on the page, or pasted; its bytes are never changed. */

import { useEffect, useState } from 'preact/hooks'
import type { PeerSession } from '../peer-session.ts'
import { tooLargeSentence } from '../words/refusal-sentence.ts'
import { sizeText } from '../words/size-text.ts'

export interface ChosenFile {
  name: string
  bytes: Uint8Array
}

export interface FileChoiceProps {
  session: PeerSession
  file: ChosenFile | undefined
  onFile(file: ChosenFile | undefined): void
  onProblem(problem: string): void
}

export function FileChoice({ session, file, onFile, onProblem }: FileChoiceProps) {
  const [over, setOver] = useState(false)

  const take = async (files: ArrayLike<File>) => {
    const [first, second] = [files[0], files[1]]
    if (first === undefined) return
    if (second !== undefined) return onProblem('One file at a time, please: a page is one file.')
    const { maxContentBytes } = (await session.peer()).status().limits
    if (first.size > maxContentBytes) return onProblem(tooLargeSentence(first.size, maxContentBytes))
    try {
      onFile({ name: first.name, bytes: new Uint8Array(await first.arrayBuffer()) })
    } catch {
      onProblem(`“${first.name}” could not be read. A folder cannot be a page; a file may have been moved meanwhile.`)
    }
  }

  useEffect(() => {
    const onDragOver = (event: DragEvent) => {
      if (!hasFiles(event.dataTransfer)) return
      event.preventDefault()
      setOver(true)
    }
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const onDrop = (event: DragEvent) => {
      setOver(false)
      if (!hasFiles(event.dataTransfer)) return
      event.preventDefault()
      void take(event.dataTransfer?.files ?? [])
    }
    const onPaste = (event: ClipboardEvent) => {
      const { clipboardData } = event
      if (!hasFiles(clipboardData) || clipboardData?.types.includes('text/plain')) return
      event.preventDefault()
      void take(clipboardData?.files ?? [])
    }
    document.addEventListener('dragover', onDragOver)
    document.addEventListener('dragleave', onDragLeave)
    document.addEventListener('drop', onDrop)
    document.addEventListener('paste', onPaste)
    return () => {
      document.removeEventListener('dragover', onDragOver)
      document.removeEventListener('dragleave', onDragLeave)
      document.removeEventListener('drop', onDrop)
      document.removeEventListener('paste', onPaste)
    }
  })

  if (file) {
    return (
      <p class="chosen-file" data-testid="chosen-file">
        <span>
          <strong>{file.name}</strong> ({sizeText(file.bytes.byteLength)}), published byte for byte.
        </span>
        <button type="button" class="quiet" onClick={() => onFile(undefined)}>
          Write instead
        </button>
      </p>
    )
  }
  const onChange = (event: Event & { currentTarget: HTMLInputElement }) => {
    const field = event.currentTarget
    void take(Array.from(field.files ?? [])).then(() => {
      field.value = '' // so that the same file can be chosen again
    })
  }
  return (
    <p class={over ? 'file-choice over' : 'file-choice'}>
      <label for="page-file">Or drop a file here, or choose one:</label>
      <input id="page-file" data-testid="page-file" type="file" onChange={onChange} />
    </p>
  )
}

function hasFiles(data: DataTransfer | null | undefined): boolean {
  return data?.types.includes('Files') ?? false
}
