/** Files that contacts offer, in a corner of every page: a question for each, and how what is received goes on. */

import { useState } from 'preact/hooks'
import type { ShownOffer, TabOffers } from '../../sharing/tab-offers.ts'
import { offeredText, offerProblemSentence, receivedSentence } from '../../words/offer-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'

export function Offered({ offers }: { offers: TabOffers }) {
  return useCell(offers.received).map((shown) => <OfferedRow key={shown.offer.id} offers={offers} shown={shown} />)
}

function OfferedRow({ offers, shown: { offer, progress } }: { offers: TabOffers; shown: ShownOffer }) {
  const [problem, setProblem] = useState<string>()
  const { alias, words, state } = offer
  const name = alias ?? 'Another browser of yours'
  const run = (work: Promise<unknown>) => void work.catch((error: unknown) => setProblem(offerProblemSentence(error)))
  const isFailed = state === 'taken' && offer.text !== ''
  return (
    <li class="caller" data-testid="offered" data-state={state}>
      <p>
        <strong dir="auto">{name}</strong> {state === 'asked' ? 'offers you' : 'sends you'} <span dir="auto">{offeredText(offer)}</span>
      </p>
      {words !== '' && (
        <p class="text" dir="auto">
          {words}
        </p>
      )}
      {state !== 'asked' && <p role="status">{receivedSentence(offer, progress, name)}</p>}
      <Problem text={problem} />
      <div class="actions">
        {(state === 'asked' || isFailed) && (
          <button type="button" onClick={() => run(offers.receive(offer))} data-testid="receive-offer">
            {isFailed ? 'Try again' : 'Receive'}
          </button>
        )}
        {(state === 'asked' || state === 'taken') && (
          <ActionButton
            text={state === 'asked' ? 'No' : 'Cancel'}
            onClick={() => run(offer.refuse().then(() => offers.dismiss(offer)))}
            data-testid="refuse-offer"
          />
        )}
        {state !== 'asked' && state !== 'taken' && (
          <ActionButton text="Close" onClick={() => offers.dismiss(offer)} data-testid="dismiss-offer" />
        )}
      </div>
    </li>
  )
}
