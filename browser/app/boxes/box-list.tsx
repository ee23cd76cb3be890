/** The drop boxes of this browser: each with its link, what is coming, and what has come. */

import { useState } from 'preact/hooks'
import type { OwnBoxes, ShownBox } from '../../sharing/own-boxes.ts'
import type { Tab } from '../../tab.ts'
import { boxProblemSentence, termSentences } from '../../words/drop-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { LinkRow } from '../link-row.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { FolderRow } from './folder-row.tsx'
import { SubmissionRow } from './submission-row.tsx'

const MOST_FOLDERS = 200

export function BoxList({ tab, own }: { tab: Tab; own: OwnBoxes }) {
  const boxes = useCell(own.boxes)
  const connection = useCell(tab.session.connection)
  const gateway = connection.state === 'joined' ? connection.forOthers : window.location.origin
  return (
    <>
      {boxes.map((box) => (
        <BoxCard key={box.id} own={own} box={box} gateway={gateway} hasQr={boxes.length === 1} />
      ))}
    </>
  )
}

interface BoxCardProps {
  own: OwnBoxes
  box: ShownBox
  /** The address that others reach. */
  gateway: string
  hasQr: boolean
}

function BoxCard({ own, box, gateway, hasQr }: BoxCardProps) {
  const [problem, setProblem] = useState<string>()
  const { id, terms, submissions, folders } = box
  const isOver = terms.untilMs !== undefined && Date.now() >= terms.untilMs
  const run = (work: Promise<unknown>) => void work.catch((error: unknown) => setProblem(boxProblemSentence(error)))
  const end = () => {
    const lost = folders.length + submissions.length
    const warning = lost === 0 ? '' : ' What has come and was not saved is removed from this browser.'
    if (confirm(`End the box “${terms.title}”? Its link takes nothing any more.${warning}`)) run(own.close(id))
  }
  return (
    <section class="box" aria-labelledby={`box-${id}`} data-testid="box" data-box={id}>
      <h2 id={`box-${id}`} dir="auto">
        {terms.title}
      </h2>
      <p class="hint" data-testid="box-terms">
        {isOver ? 'Its time is over: it takes nothing new.' : termSentences(terms).join(' ')}
      </p>
      {!isOver && (
        <>
          <LinkRow link={gateway + box.path} title={terms.title} label="Link of this box" name={`box-link-${id}`} hasQr={hasQr} />
          <details>
            <summary>From a terminal, with curl</summary>
            <p>The gateway passes it on, stores nothing, and can read it.</p>
            <pre data-testid="box-curl">curl --fail-with-body -T FILE {gateway + box.putPath}</pre>
          </details>
          <div class="fields">
            <label class="check">
              <input
                type="checkbox"
                checked={box.asks}
                onChange={({ currentTarget }) => run(own.setAsks(id, currentTarget.checked))}
                data-testid="box-asks-now"
              />
              Ask me before anything comes
            </label>
          </div>
        </>
      )}
      <h3>What comes</h3>
      <p role="status" class="hint" data-testid="box-state">
        {submissions.length === 0 && folders.length === 0 ? 'Nothing has come yet. Keep a tab of this browser open for it.' : ''}
      </p>
      <ul class="submissions" data-testid="submissions">
        {submissions.map((submission) => (
          <SubmissionRow key={submission.id} own={own} box={id} submission={submission} />
        ))}
        {folders.slice(0, MOST_FOLDERS).map((folder) => (
          <FolderRow key={folder.name} own={own} box={id} folder={folder} />
        ))}
      </ul>
      {folders.length > MOST_FOLDERS && <p class="hint">and {folders.length - MOST_FOLDERS} older ones: remove some to see them.</p>}
      <Problem text={problem} testid="box-trouble" />
      <p class="actions">
        <ActionButton text="End this box" aria-label={`End this box: ${terms.title}`} onClick={end} data-testid="box-end" />
      </p>
    </section>
  )
}
