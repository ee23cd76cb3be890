/** Code of the documents, as it stands there, so that tests run the lines that people copy. */

import { readFileSync } from 'node:fs'

const DOCUMENTS = ['README.md', 'node/README.md'].map((path) => new URL(`../../${path}`, import.meta.url))

/** The one example with this text in it. @throws when there is none, or there are several */
export function readmeCode(text: string): string {
  const texts = DOCUMENTS.map((path) => readFileSync(path, 'utf8')).join('\n')
  const examples = [...texts.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const [found, ...more] = examples.filter((code) => code.includes(text))
  if (found === undefined || more.length > 0) throw new Error(`The documents have ${more.length + (found ? 1 : 0)} examples with ${text}`)
  return found
}

/** The same with other words for those that the document says to change. @throws when one of them is not there */
export function changed(code: string, changes: Record<string, string>): string {
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The example has no ${from}`)
    return text.replace(from, to)
  }, code)
}
