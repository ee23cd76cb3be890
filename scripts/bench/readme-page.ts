/** The steps of a section of the README: its commands, with the words beside them, and its sentences, in order. */

/** @throws when there is no such section */
export function readReadme(readme: string, heading: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`The README has no section "${heading}"`)
  return section
    .slice(heading.length)
    .split('\n\n')
    .flatMap((part) => (part.startsWith('    ') ? part.split('\n').map((line) => line.trim()) : sentencesOf(part)))
    .filter((text) => text !== '')
}

function sentencesOf(paragraph: string): string[] {
  const text = paragraph.replace(/\s+/g, ' ').trim()
  return text.split(/(?<=[.:]) (?=[A-Z`])/)
}
