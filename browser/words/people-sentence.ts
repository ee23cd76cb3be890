/** Sentences of the people page: problems of adding somebody, of an account and of notes, and the ends of notes. */

const TOKEN_PROBLEMS: Readonly<Record<string, string>> = {
  ERR_TOKEN_UNKNOWN:
    'Nobody waits with this link or code. Check it, or ask for a new one: it is good for ten minutes, while the other side is online.',
  ERR_TOKEN_USED: 'Somebody has used this link or code already. Ask for a new one.',
  ERR_TOKEN_EXPIRED: 'The ten minutes of this link or code are over. Ask for a new one.',
  ERR_TOKEN_BURNT: 'This link or code has ended: it was taken back, or its words were guessed wrongly three times. Ask for a new one.',
  ERR_TOKEN_WRONG: 'These are not the right words. Check them: after three wrong tries the code ends.',
  ERR_NO_NETWORK: 'This tab is not connected now. Try again when it is.',
  ERR_LIMIT: 'Too many are trying at once, or too many links are open. Try again later.',
}

export function addProblemSentence(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  const known = code === undefined ? undefined : TOKEN_PROBLEMS[code]
  return known ?? `That did not work: ${message ?? String(error)}`
}

export const PASS_PHRASES_DIFFER = 'The two pass phrases differ. Type the same one twice.'

const ACCOUNT_PROBLEMS: Readonly<Record<string, string>> = {
  ERR_NO_CRYPTO: 'This page came by plain http, where the browser keeps no keys. Open the site by https to have an account here.',
  ERR_REVOKED: 'This browser was removed from the account. Add it again from another place of yours.',
  ERR_NOT_STORED:
    'This browser gives the page no storage, so it cannot keep an account. A private window, a setting or a full disk may be the reason.',
  ERR_WRONG_PASS_PHRASE: 'This pass phrase does not open the file. Check it: capitals and spaces count. Or the file was changed.',
}

export function accountProblemSentence(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  const known = code === undefined ? undefined : ACCOUNT_PROBLEMS[code]
  return known ?? `That did not work: ${message ?? String(error)}`
}

/** Whether the browser has promised to keep what this site stores. */
export const PROMISE_SENTENCES = {
  unknown: '',
  asked: 'This browser is asked to keep the account. If it asks you, allow it.',
  given: 'This browser keeps the account until you delete it.',
  'not given': 'This browser has not promised to keep the account: it may delete it when it is short of room.',
} as const

export function noteProblemSentence(error: unknown): string {
  return `The note was not sent: ${(error as { message?: string }).message ?? String(error)}`
}

/** The end of a note, for its sender. `name`: the alias of the contact whom it was for. */
export const NOTE_SENTENCES = {
  read: (name: string) => `${name} has it.`,
  refused: (name: string) => `${name} did not want it.`,
  'not answered': (name: string) => `${name} did not answer. Try again later.`,
  busy: (name: string) => `${name} has another note of yours, and has not answered yet.`,
  'not here': (name: string) => `${name} has gone. Try again when ${name} is here.`,
  'no reader': (name: string) => `${name} is here with a program that shows no notes.`,
  failed: () => 'The note could not be shown there. Try again.',
} as const
