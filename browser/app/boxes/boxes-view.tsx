/** The page of this browser's drop boxes: a link at which others send files, and what has come. */

import '../../drop.css'
import '../../fields.css'
import { useEffect, useState } from 'preact/hooks'
import type { DropTerms } from '../../../node/index.ts'
import type { Tab } from '../../tab.ts'
import { boxProblemSentence } from '../../words/drop-sentence.ts'
import { InnerLink } from '../inner-link.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { BoxForm } from './box-form.tsx'
import { BoxList } from './box-list.tsx'

export function BoxesView({ tab }: { tab: Tab }) {
  const { boxes: opener } = tab
  const own = useCell(opener.boxes)
  const isElsewhere = useCell(opener.isElsewhere)
  const trouble = useCell(opener.problem)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => void opener.open({ create: true }), [opener])
  const make = async (terms: DropTerms, asks: boolean): Promise<boolean> => {
    setBusy(true)
    setProblem(undefined)
    try {
      await own?.make(terms, asks)
      opener.mark()
      return true
    } catch (error) {
      setProblem(boxProblemSentence(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return (
    <section class="home boxes">
      <h1 tabIndex={-1}>Let others send you files</h1>
      <p class="lead">
        Make a box, and give its link to whom you like. They need no account. What they send comes to this browser while one of its tabs has
        mayfly open, and no server keeps it.{' '}
        <InnerLink tab={tab} to={{ view: 'share' }}>
          Share files with others instead
        </InnerLink>
      </p>
      {isElsewhere && (
        <p class="notice" role="status" data-testid="boxes-elsewhere">
          Your boxes are open in another tab of this browser, and are shown there. They come here when that tab is closed.
        </p>
      )}
      {trouble !== undefined && <Problem text={boxProblemSentence(trouble)} testid="boxes-problem" />}
      {own && (
        <>
          <BoxList tab={tab} own={own} />
          <BoxForm isBusy={isBusy} onMake={make} />
        </>
      )}
      <Problem text={problem} testid="box-problem" />
    </section>
  )
}
