/** Accepts files and folders: chosen, dropped anywhere on the page, or pasted. Their bytes are not read here. */

import { useEffect, useState } from 'preact/hooks'
import { type ChosenFile, filesOfDrop, filesOfList } from '../content/chosen-files.ts'

interface FileChoiceProps {
  /** Some are chosen already. */
  hasFiles?: boolean
  /** The one kind that is asked for; anything when left out. */
  only?: 'file' | 'files' | 'folder'
  onFiles(files: ChosenFile[]): void
  onProblem(problem: string): void
}

export function FileChoice({ hasFiles, only, onFiles, onProblem }: FileChoiceProps) {
  const [over, setOver] = useState(false)

  const take = async (given: Promise<ChosenFile[]>) => {
    try {
      const files = await given
      if (files.length > 0) onFiles(files)
      else onProblem('There is no file in it. A folder without files cannot be shared.')
    } catch {
      onProblem('The dropped files could not be read. They were moved, or the browser has no access to them.')
    }
  }

  useEffect(() => {
    const onDragOver = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return
      event.preventDefault()
      setOver(true)
    }
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const onDrop = (event: DragEvent) => {
      setOver(false)
      if (!event.dataTransfer || !carriesFiles(event.dataTransfer)) return
      event.preventDefault()
      void take(filesOfDrop(event.dataTransfer))
    }
    const onPaste = (event: ClipboardEvent) => {
      const { clipboardData } = event
      if (!clipboardData || !carriesFiles(clipboardData) || clipboardData.types.includes('text/plain')) return
      event.preventDefault()
      void take(Promise.resolve(filesOfList(clipboardData.files)))
    }
    const unmounted = new AbortController()
    document.addEventListener('dragover', onDragOver, unmounted)
    document.addEventListener('dragleave', onDragLeave, unmounted)
    document.addEventListener('drop', onDrop, unmounted)
    document.addEventListener('paste', onPaste, unmounted)
    return () => unmounted.abort()
  })

  const onChange = (event: Event & { currentTarget: HTMLInputElement }) => {
    const field = event.currentTarget
    void take(Promise.resolve(filesOfList(field.files ?? [])))
    field.value = '' // so that the same file can be chosen again
  }
  const [files, folder] = wordsFor(only, hasFiles)
  return (
    <div class={over ? 'file-choice over' : 'file-choice'}>
      {only !== 'folder' && (
        <label class="button quiet">
          {files}
          <input class="visually-hidden" data-testid="page-file" type="file" multiple={only !== 'file'} onChange={onChange} />
        </label>
      )}
      {(only === undefined || only === 'folder') && (
        <label class="button quiet">
          {folder}
          <input class="visually-hidden" data-testid="page-folder" type="file" ref={chooseFolders} onChange={onChange} />
        </label>
      )}
      <span class="hint">{only ? 'or drop it here' : 'or drop them here'}</span>
    </div>
  )
}

function wordsFor(only: FileChoiceProps['only'], hasFiles = false): [files: string, folder: string] {
  if (only) return [only === 'file' ? 'Choose the file' : 'Choose the files', 'Choose the folder']
  return hasFiles ? ['Add more files', 'Add a folder'] : ['Choose files', 'Choose a folder']
}

function chooseFolders(field: HTMLInputElement | null): void {
  if (field) field.webkitdirectory = true
}

function carriesFiles(data: DataTransfer | null | undefined): boolean {
  return data?.types.includes('Files') ?? false
}
