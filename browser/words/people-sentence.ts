/** Problems of adding somebody, and of opening an account, in words. */

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

export function accountProblemSentence(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'ERR_NO_CRYPTO')
    return 'This page came by plain http, where the browser keeps no keys. Open the site by https to have an account here.'
  if (code === 'ERR_REVOKED') return 'This browser was removed from the account. Add it again from another place of yours.'
  if (code === 'ERR_NOT_STORED')
    return 'This browser gives the page no storage, so it cannot keep an account. A private window or a setting may forbid it.'
  return `The account could not be opened: ${message ?? String(error)}`
}
