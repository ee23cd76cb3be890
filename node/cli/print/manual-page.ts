/** The manual page, from the table of the command line. @see https://man7.org/linux/man-pages/man7/man.7.html (its language) */

import { COMMAND_NAMES, COMMANDS, type FlagFacts, flagsOf } from '../command-table.ts'
import { EXIT_MEANINGS } from '../exit-code.ts'
import type { CommandName } from '../settings.ts'

const EXAMPLES: readonly (readonly [words: string, line: string])[] = [
  ['Run a node with its app at http://localhost:4000:', 'mayfly start'],
  ['Hold a folder as a site, through that node, until Ctrl-C:', 'mayfly hold site'],
  ['Get a file under its own name:', "mayfly get 'https://pages.example/<hash>?filename=cv.pdf' -o Docs/"],
  ['Listen at a name, and write to it:', "mayfly receive '#bakery'\nmayfly send '#bakery' 'Rye or wheat?'"],
]

/** @param date of the page, as 2026-11-28 */
export function manualPage(version: string, date: string): string {
  return `${[
    `.TH MAYFLY 1 ${date} "mayfly ${version}" "User Commands"`,
    '.SH NAME',
    'mayfly \\- pages and files that exist as long as somebody is there for them',
    '.SH SYNOPSIS',
    ...COMMAND_NAMES.flatMap((name, i) => [...(i === 0 ? [] : ['.br']), synopsis(name)]),
    '.SH DESCRIPTION',
    roff('Content is named by its SHA-256, and is there while somebody holds it: a node, a browser tab, or this command.'),
    roff('A flag may stand in the environment (the name in brackets) or in the file that --config names; the flag itself beats both.'),
    ...COMMAND_NAMES.flatMap((name) => [
      `.SH ${name.toUpperCase()}`,
      synopsis(name),
      '.PP',
      roff(sentence(COMMANDS[name].description)),
      ...(COMMANDS[name].arguments ?? []).flatMap(({ form, help }) => ['.TP', `\\fI${roff(form.replace(/[<>[\]]/g, ''))}\\fR`, roff(help)]),
      ...flagsOf(name).flatMap(flagLines),
    ]),
    '.SH COMMON FLAGS',
    ...flagsOf('all').flatMap(flagLines),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_MEANINGS).flatMap(([code, meaning]) => ['.TP', `\\fB${code}\\fR`, roff(meaning)]),
    '.PP',
    roff('A command that a signal cuts short ends by that signal.'),
    '.SH EXAMPLES',
    ...EXAMPLES.flatMap(([words, lines], i) => [
      ...(i === 0 ? [] : ['.PP']),
      roff(words),
      '.RS',
      '.nf',
      ...lines.split('\n').map(roff),
      '.fi',
      '.RE',
    ]),
  ].join('\n')}\n`
}

function synopsis(name: CommandName): string {
  const forms = (COMMANDS[name].arguments ?? []).map(({ form }) => ` \\fI${roff(form)}\\fR`)
  return `\\fBmayfly ${name}\\fR [\\fIflags\\fR]${forms.join('')}`
}

function flagLines({ short, long, value, help, variable, default: byDefault }: FlagFacts): string[] {
  const names = [short, long].filter((name) => name !== undefined).map((name) => `\\fB${roff(name)}\\fR`)
  const form = value === undefined ? '' : ` \\fI${roff(value)}\\fR`
  const facts = [...(byDefault === undefined ? [] : [`default: ${byDefault}`]), ...(variable === undefined ? [] : [variable])]
  return ['.TP', names.join(', ') + form, roff(help + (facts.length === 0 ? '' : ` [${facts.join('; ')}]`))]
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

/** Text that no character of roff's language is read in: a line may begin with a control character, and a dash is a hyphen otherwise. */
function roff(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
  const ascii = Array.from(plain, (sign) =>
    sign <= '~' ? sign : `\\[u${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
  )
  return ascii.join('').replace(/^\./, '\\&.')
}
