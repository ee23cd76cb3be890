/** The people page: this browser's account, the contacts and who of them is here, and how to add somebody. */

import '../../people.css'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { TabPeople } from '../../people/tab-people.ts'
import type { Tab } from '../../tab.ts'
import type { PeopleRoute } from '../../visit/route.ts'
import { accountProblemSentence } from '../../words/people-sentence.ts'
import { Problem } from '../problem.tsx'
import { useCell } from '../use-cell.ts'
import { AddSomebody } from './add-somebody.tsx'
import { ClaimForm } from './claim-form.tsx'
import { ContactList } from './contact-list.tsx'
import { MyAccount } from './my-account.tsx'
import { FileForm, RecoverForm } from './recover-form.tsx'

export function PeopleView({ tab, route }: { tab: Tab; route: PeopleRoute }) {
  const people = useCell(tab.people.people)
  const problem = useCell(tab.people.problem)
  useEffect(() => void tab.people.open({ create: false }), [])
  const title = useRef<HTMLHeadingElement>(null)
  const isUsed = useRef(false)
  const hasAccount = people !== undefined
  // The button that made, brought or forgot the account is gone, and the keyboard would be lost with it.
  useEffect(() => {
    if (isUsed.current && document.activeElement === document.body) title.current?.focus()
  }, [hasAccount])
  return (
    <section
      class="home people"
      onFocusIn={() => {
        isUsed.current = true
      }}
    >
      <h1 tabIndex={-1} ref={title}>
        People
      </h1>
      <Problem text={problem === undefined ? undefined : accountProblemSentence(problem)} testid="people-problem" />
      {people ? <WithAccount tab={tab} people={people} route={route} /> : <WithoutAccount tab={tab} route={route} />}
    </section>
  )
}

function WithAccount({ tab, people, route }: { tab: Tab; people: TabPeople; route: PeopleRoute }) {
  return (
    <>
      <ClaimForm tab={tab} people={people} link={route.add} />
      <AddSomebody tab={tab} people={people} />
      <ContactList people={people} offers={tab.offers.offers} />
      <MyAccount tab={tab} people={people} />
    </>
  )
}

/** Ways to an account: a new one, one that lives in another place, or one that is brought back by its words or its file. */
function WithoutAccount({ tab, route }: { tab: Tab; route: PeopleRoute }) {
  const [isBusy, setBusy] = useState(false)
  const isForgotten = useCell(tab.people.isForgotten)
  const create = async () => {
    setBusy(true)
    await tab.people.open({ create: true })
    setBusy(false)
  }
  return (
    <>
      {isForgotten && (
        <p class="notice" role="status" data-testid="forgotten">
          This browser has forgotten your account.
        </p>
      )}
      <p class="lead">
        An account is a key that this browser keeps. It has no name and no password, and no server knows it. With it you see who of your
        contacts is here.
      </p>
      {route.add?.kind !== 'device' && (
        <button type="button" disabled={isBusy} onClick={create} data-testid="make-account">
          Make my account
        </button>
      )}
      <ClaimForm tab={tab} link={route.add} />
      <RecoverForm tab={tab} />
      <FileForm tab={tab} />
    </>
  )
}
