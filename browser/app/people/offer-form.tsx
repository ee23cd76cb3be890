/** Files for a contact: chosen here, and how what was offered stands. */

import { useState } from 'preact/hooks'
import type { MadeOffer } from '../../../node/index.ts'
import type { ChosenFile } from '../../content/chosen-files.ts'
import type { TabOffers } from '../../sharing/tab-offers.ts'
import { madeSentence, offeredText, offerProblemSentence, RULE_WORDS } from '../../words/offer-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { FileChoice } from '../file-choice.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'

/** UTF-16 code units, as a field counts them. The limit of an offer. */
const MAX_WORDS = 2_000

interface OfTheContact {
  offers: TabOffers
  account: string
  alias: string
}

export function OfferForm({ offers, account, alias }: OfTheContact) {
  const [words, setWords] = useState('')
  useCell(offers.made) // changes with the rule, too
  const [problem, setProblem] = useState<string>()
  const send = async (files: readonly ChosenFile[]) => {
    setProblem(undefined)
    try {
      await offers.send(account, files, words)
      setWords('')
    } catch (error) {
      setProblem(offerProblemSentence(error))
    }
  }
  const rule = JSON.stringify(offers.ruleOf(account))
  const chooseRule = (text: string) =>
    offers.setRule(account, JSON.parse(text)).catch((error: unknown) => setProblem(offerProblemSentence(error)))
  return (
    <form class="note-form" aria-label={`Files for ${alias}`} onSubmit={(event) => event.preventDefault()}>
      <label>
        A few words with the files, if you like
        <input value={words} maxLength={MAX_WORDS} onInput={(event) => setWords(event.currentTarget.value)} data-testid="offer-words" />
      </label>
      <FileChoice onFiles={(files) => void send(files)} onProblem={setProblem} />
      <p class="hint">Files are offered as soon as they are chosen, and go from this page, encrypted for {alias} alone.</p>
      <Problem text={problem} testid="offer-problem" />
      <label>
        When {alias} sends you files
        <select value={rule} onChange={(event) => void chooseRule(event.currentTarget.value)} data-testid="offer-rule">
          {RULE_WORDS.map(([text, each]) => (
            <option key={text} value={JSON.stringify(each)}>
              {text}
            </option>
          ))}
        </select>
      </label>
    </form>
  )
}

/** Offers to the contact that are not dismissed. */
export function MadeOffers({ offers, account, alias }: OfTheContact) {
  const made = useCell(offers.made).filter((offer) => offer.account === account)
  return made.length === 0 ? null : (
    <ul aria-label={`Files for ${alias}`} data-testid="made-offers">
      {made.map((offer) => (
        <MadeRow key={offer.id} offers={offers} offer={offer} alias={alias} />
      ))}
    </ul>
  )
}

function MadeRow({ offers, offer, alias }: { offers: TabOffers; offer: MadeOffer; alias: string }) {
  const [problem, setProblem] = useState<string>()
  const isOver = offer.state === 'done' || offer.state === 'refused' || offer.state === 'ended'
  const run = async (work: Promise<unknown>) => {
    try {
      if ((await work) === false) setProblem('These are other files. Choose the same ones.')
    } catch (error) {
      setProblem(offerProblemSentence(error))
    }
  }
  return (
    <li data-testid="made-offer" data-state={offer.state}>
      <span class="name" dir="auto">
        {offeredText(offer)}
      </span>
      <span class="facts" role="status">
        {madeSentence(offer, alias)}
      </span>
      {!isOver && offer.share === undefined && (
        <FileChoice only="files" onFiles={(files) => void run(offers.bringBack(offer, files))} onProblem={setProblem} />
      )}
      <ActionButton text={isOver ? 'Close' : 'Take it back'} onClick={() => void run(offer.close())} data-testid="close-offer" />
      <Problem text={problem} />
    </li>
  )
}
