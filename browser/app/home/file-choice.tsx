/** Accepts files and folders: chosen, dropped anywhere on the page, or pasted. Their bytes are not read here. */

import { useEffect, useState } from 'preact/hooks'
import { type ChosenFile, filesOfDrop, filesOfList } from '../../content/chosen-files.ts'

export function FileChoice({ onFiles, onProblem }: { onFiles(files: ChosenFile[]): void; onProblem(problem: string): void }) {
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
      if (!hasFiles(event.dataTransfer)) return
      event.preventDefault()
      setOver(true)
    }
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const onDrop = (event: DragEvent) => {
      setOver(false)
      if (!event.dataTransfer || !hasFiles(event.dataTransfer)) return
      event.preventDefault()
      void take(filesOfDrop(event.dataTransfer))
    }
    const onPaste = (event: ClipboardEvent) => {
      const { clipboardData } = event
      if (!clipboardData || !hasFiles(clipboardData) || clipboardData.types.includes('text/plain')) return
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
  return (
    <div class={over ? 'file-choice over' : 'file-choice'}>
      <p>
        <label for="page-file">Or drop files or a folder here, or choose files:</label>
        <input id="page-file" data-testid="page-file" type="file" multiple onChange={onChange} />
      </p>
      <p>
        <label for="page-folder">Or choose a folder:</label>
        <input id="page-folder" data-testid="page-folder" type="file" ref={chooseFolders} onChange={onChange} />
      </p>
    </div>
  )
}

function chooseFolders(field: HTMLInputElement | null): void {
  if (field) field.webkitdirectory = true
}

function hasFiles(data: DataTransfer | null | undefined): boolean {
  return data?.types.includes('Files') ?? false
}
