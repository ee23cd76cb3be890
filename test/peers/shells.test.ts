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

/** Answers a Tab behind the line with what the shell offers. */
const BASH = `source ./script
compopt() { :; }
eval "COMP_WORDS=($1)"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _mayfly; printf '%s\\n' "\${COMPREPLY[@]}"`

/** In a terminal of its own, since zsh completes only while somebody types. */
const ZSH = `zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z 'PROMPT=; RPROMPT=; stty -echo; unsetopt zle_bracketed_paste prompt_sp; autoload -Uz compinit; compinit -u -D; source ./script; LISTMAX=999; echo REA""DY'
seen=
until [[ $seen == *READY* ]]; do zpty -r -t z line && seen+=$line || sleep 0.05; done
zpty -w -n z "$1"$'\\t\\t\\x15echo DO\\"\\"NE\\n'
seen=
until [[ $seen == *DONE* ]]; do zpty -r -t z line && seen+=$line || sleep 0.05; done
print -r -- $seen`

const RUN: Readonly<Record<Shell, [program: TestProgram | 'bash', script: string]>> = {
  bash: ['bash', BASH],
  zsh: ['zsh', ZSH],
  fish: ['fish', 'source ./script; complete -C $argv[1]'],
}

async function complete(shell: Shell, line: string): Promise<string> {
  const folder = await createTemporaryDirectory()
  await writeFile(join(folder, 'script'), scripts[shell])
  await writeFile(join(folder, 'my page.html'), '')
  await mkdir(join(folder, 'my folder'))
  const [program, script] = RUN[shell]
  const args = shell === 'fish' ? ['--no-config', '-c', script, line] : ['-c', script, shell, line]
  const { stdout, stderr } = await runProgram(program as TestProgram, args, folder)
  expect(stderr).toBe('')
  return stdout.toString()
}

test.each(SHELLS)('completion: %s offers commands, flags, words and paths', async (shell) => {
  expect(await complete(shell, 'mayfly sta')).toMatch(/start[^]*status|sta/)
  expect(await complete(shell, 'mayfly --json hold')).toMatch(/hold/)
  const policies = await complete(shell, 'mayfly start --policy ')
  expect(policies).toMatch(/known/)
  expect(policies).toMatch(/open/)
  expect(await complete(shell, 'mayfly hold --skip-o')).toContain('--skip-odd')
  expect(await complete(shell, 'mayfly get --skip-o')).not.toContain('--skip-odd')
  expect(await complete(shell, 'mayfly hold my')).toMatch(/my\\? ?page/)
  const folders = await complete(shell, 'mayfly start --data m')
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
