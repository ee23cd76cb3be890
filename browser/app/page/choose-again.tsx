/** Asks the author for the files of a page that a reload has ended: with the same files its link works again. */

import { useState } from 'preact/hooks'
import type { ChosenFile } from '../../content/chosen-files.ts'
import type { MadePage } from '../../holding/made-pages.ts'
import type { Tab } from '../../tab.ts'
import { filesText } from '../../text/size-text.ts'
import { chooseAgainSentence } from '../../words/refusal-sentence.ts'
import { FileChoice } from '../file-choice.tsx'
import { Problem } from '../problem.tsx'
import { SharingBar } from '../sharing-bar.tsx'

/** @param secret of a private page, from its address */
export function ChooseAgain({ tab, page, secret }: { tab: Tab; page: MadePage; secret: string | undefined }) {
  const [problem, setProblem] = useState<string>()
  const [reading, setReading] = useState<AbortController>()
  const take = async (files: readonly ChosenFile[]) => {
    if (reading) return
    const controller = new AbortController()
    setReading(controller)
    setProblem(undefined)
    try {
      await tab.sharing.shareAgain(page, files, { signal: controller.signal, secret })
    } catch (error) {
      if (!controller.signal.aborted) setProblem(chooseAgainSentence(error, page))
    }
    setReading(undefined)
  }
  const what = page.isFolder ? 'folder' : page.files === 1 ? 'file' : 'files'
  const them = what === 'files' ? 'them' : 'it'
  return (
    <section class="notice choose-again" aria-label="Choose it again" data-testid="choose-missing">
      <p>
        {heldText(page)} here until this tab was reloaded. Choose {them} again: the link stays the same.
      </p>
      {reading ? (
        <SharingBar sharing={tab.sharing} onCancel={() => reading.abort()} />
      ) : (
        <FileChoice only={what} onFiles={take} onProblem={setProblem} />
      )}
      <Problem text={problem} testid="choose-problem" />
    </section>
  )
}

/** The name of what is private is not remembered. */
function heldText({ label, files, isFolder, sealed }: MadePage): string {
  if (sealed) return files === 1 ? 'You held the file of this private link' : `You held the ${filesText(files)} of this private link`
  return `You held “${label}”${isFolder ? ` (${filesText(files)})` : ''}`
}
