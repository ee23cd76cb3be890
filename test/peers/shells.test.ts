/** The completion scripts in real shells, and the manual page in real readers: foreign programs, which the set-up of the tests installs. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { COMMAND_NAMES, flagsOf, SHELLS, type Shell } from '../../node/cli/command-table.ts'
import type { TestProgram } from '../../scripts/test-programs.ts'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { runProgram } from '../helpers/program.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const scripts = {} as Record<Shell, string>
let manual: string

beforeAll(async () => {
  for (const shell of SHELLS) scripts[shell] = (await runMayfly(['completion', shell])).stdout.toString()
  manual = (await runMayfly(['man'])).stdout.toString()
})

/** Separates what a shell offers for one line from that for the next. */
const NEXT = '=====\n'

/** Each script answers a Tab behind each line that it is given, all in one shell. */
const BASH = `source ./script
compopt() { :; }
for line; do
  eval "COMP_WORDS=($line)"; [[ $line == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _mayfly; printf '%s\n' "\${COMPREPLY[@]}" =====
done`

/** In a terminal of its own, since zsh completes only while somebody types. */
const ZSH = `zmodload zsh/zpty
zpty -b z zsh -f -i
until_seen() { seen=; until [[ $seen == *\${~1}* ]]; do zpty -r -t z part && seen+=$part || sleep 0.02; done }
zpty -w z 'PROMPT="<%%>"; RPROMPT=; stty -echo; unsetopt zle_bracketed_paste prompt_sp; autoload -Uz compinit; compinit -u -D; source ./script; LISTMAX=999; echo REA""DY'
until_seen 'READY*<%>'
for line; do
  zpty -w -n z "$line"$'\t\t\x15echo DO""NE\n'
  until_seen 'DONE*<%>'
  print -r -- $seen; print '====='
done`

const FISH = `source ./script
for line in $argv; complete -C $line; echo =====; end`

const RUN: Readonly<Record<Shell, [program: TestProgram | 'bash', args: string[]]>> = {
  bash: ['bash', ['-c', BASH, 'bash']],
  zsh: ['zsh', ['-c', ZSH, 'zsh']],
  fish: ['fish', ['--no-config', '-c', FISH]],
}

async function complete(shell: Shell, lines: readonly string[]): Promise<string[]> {
  const folder = await createTemporaryDirectory()
  await writeFile(join(folder, 'script'), scripts[shell])
  await writeFile(join(folder, 'my page.html'), '')
  await mkdir(join(folder, 'my folder'))
  const [program, args] = RUN[shell]
  const { stdout, stderr } = await runProgram(program as TestProgram, [...args, ...lines], folder)
  const offers = stdout.toString().split(NEXT)
  expect([stderr, offers.length]).toEqual(['', lines.length + 1])
  return offers
}

test.each(SHELLS)('completion: %s offers commands, flags, words and paths', async (shell) => {
  const [commands, policies, flags, foreign, files, folders] = await complete(shell, [
    'mayfly --json stat',
    'mayfly start --policy ',
    'mayfly hold --skip-o',
    'mayfly get --skip-o',
    'mayfly hold my',
    'mayfly start --data m',
  ])
  expect(commands).toContain('status')
  expect(policies).toMatch(/known/)
  expect(policies).toMatch(/open/)
  expect(flags).toContain('--skip-odd')
  expect(foreign).not.toContain('--skip-odd')
  expect(files).toMatch(/my\\? ?page/)
  expect(folders).toMatch(/my\\? ?folder/)
  expect(folders).not.toMatch(/page/)
})

test('manual page: has no fault for mandoc and groff, and man shows every command and flag', async () => {
  const folder = await createTemporaryDirectory()
  await writeFile(join(folder, 'mayfly.1'), manual)
  const lint = await runProgram('mandoc', ['-Tlint', '-W', 'warning', 'mayfly.1'], folder)
  expect([lint.code, lint.stdout.toString()]).toEqual([0, ''])
  const groff = await runProgram('groff', ['-ww', '-man', '-Tutf8', '-z', 'mayfly.1'], folder)
  expect([groff.code, groff.stderr]).toEqual([0, ''])
  const { code, stdout } = await runProgram('man', ['-l', 'mayfly.1'], folder)
  const words = stdout.toString().replace(/.\u0008/g, '')
  expect(code).toBe(0)
  for (const name of COMMAND_NAMES) expect(words).toContain(`mayfly ${name}`)
  for (const { long } of COMMAND_NAMES.flatMap(flagsOf)) expect(words).toContain(long)
})
