/** The form that takes somebody's link, token or code, typed, pasted, or read by the camera. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { canReadCodes, readCode } from '../../people/code-camera.ts'
import type { TabPeople } from '../../people/tab-people.ts'
import type { Tab } from '../../tab.ts'
import { type AddLink, fragmentOf, kindInText, readAddFragment } from '../../visit/add-link.ts'
import { addProblemSentence } from '../../words/people-sentence.ts'
import { ActionButton } from '../action-button.tsx'
import { Problem } from '../problem.tsx'
import { ComparedWords } from './compared-words.tsx'

/** @param props.people undefined while this browser has no account: then it can become a place of one @param props.link of the address bar */
export function ClaimForm({ tab, people, link }: { tab: Tab; people?: TabPeople; link: AddLink | undefined }) {
  const [text, setText] = useState(link ? fragmentOf(link) : '')
  const [alias, setAlias] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [words, setWords] = useState<readonly string[]>()
  useEffect(() => {
    if (link) setText(fragmentOf(link))
  }, [link?.token])
  const kind = kindInText(text)
  const joinsAccount = people === undefined
  const claim = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    setWords(undefined)
    try {
      if (people) setWords((await people.people.contacts.claimToken(alias, text)).words)
      else setWords(await tab.people.joinAccount(text, alias || 'my other place'))
      setText('')
      setAlias('')
      if (link) tab.navigation.go({ view: 'people' })
    } catch (error) {
      setProblem(addProblemSentence(error))
    } finally {
      setBusy(false)
    }
  }
  if (people && kind === 'device')
    return <Problem text="This link adds a browser without an account to somebody’s account. This browser has an account already." />
  if (joinsAccount && kind === 'contact') return <p class="hint">Somebody wants to be your contact. Make your account first.</p>
  return (
    <form class="claim" onSubmit={claim} aria-label={joinsAccount ? 'Use an account that I have' : 'Enter a code or link'}>
      <h2>{joinsAccount ? 'I have an account in another place' : 'I have somebody’s code or link'}</h2>
      {joinsAccount && (
        <p class="hint">
          Choose “Add a place” there, and enter its code here. This browser then belongs to that account. Do it only for an account of your
          own.
        </p>
      )}
      <label>
        Code or link
        <input
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="mango-guitar-7342"
          data-testid="claim-text"
        />
      </label>
      <CameraButton onCode={setText} />
      {!joinsAccount && (
        <label>
          Your name for this person
          <input
            value={alias}
            onInput={(event) => setAlias(event.currentTarget.value)}
            required
            maxLength={64}
            autocomplete="off"
            data-testid="claim-alias"
          />
        </label>
      )}
      <button type="submit" disabled={isBusy} data-testid="claim">
        {isBusy ? 'Looking for the other side…' : joinsAccount ? 'Join my account' : 'Add'}
      </button>
      <Problem text={problem} testid="claim-problem" />
      {words && <ComparedWords words={words} />}
    </form>
  )
}

/** Only where the browser can read codes. */
function CameraButton({ onCode }: { onCode(text: string): void }) {
  const [canRead, setCanRead] = useState(false)
  const [reading, setReading] = useState<AbortController>()
  const [problem, setProblem] = useState<string>()
  const video = useRef<HTMLVideoElement>(null)
  useEffect(() => void canReadCodes().then(setCanRead), [])
  useEffect(() => {
    if (reading === undefined || video.current === null) return
    const isOurs = (text: string) => readAddFragment(text.slice(Math.max(0, text.indexOf('#')))) !== undefined
    readCode(video.current, isOurs, { signal: reading.signal })
      .then(onCode, (error: Error) => {
        if (!reading.signal.aborted) setProblem(`The camera could not be used: ${error.message}`)
      })
      .finally(() => setReading(undefined))
    return () => reading.abort()
  }, [reading])
  if (!canRead) return null
  return (
    <div class="camera">
      {reading ? (
        <ActionButton text="Stop the camera" onClick={() => reading.abort()} />
      ) : (
        <ActionButton text="Read a QR code" onClick={() => setReading(new AbortController())} data-testid="camera" />
      )}
      {reading && <video ref={video} muted playsInline aria-label="Picture of the camera" />}
      <Problem text={problem} />
    </div>
  )
}
