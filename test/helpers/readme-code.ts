/** Code of the README, as it stands there: so that a test runs what people copy. */

import { readFileSync } from 'node:fs'

const README = new URL('../../README.md', import.meta.url)

/** The one example with this text in it. @throws when there is none, or there are several */
export function readmeCode(text: string): string {
  const examples = [...readFileSync(README, 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const [found, ...more] = examples.filter((code) => code.includes(text))
  if (found === undefined || more.length > 0) throw new Error(`The README has ${more.length + (found ? 1 : 0)} examples with ${text}`)
  return found
}

/** The same with other words for those that the README says to change. @throws when one of them is not there */
export function changed(code: string, changes: Record<string, string>): string {
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The README's example has no ${from}`)
    return text.replace(from, to)
  }, code)
}
