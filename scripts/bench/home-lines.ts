/**
 * Lines as people have them at home: what each browser sends is bounded, as by the upload of a line, and what it receives is not. Each has a
 * network namespace of its own on one bridge, where this machine has the first address. Needs root on Linux, with `ip` and `tc`.
 */

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium } from '../chromium.ts'

const NETWORK = '10.213.77'
const PREFIX = `mfb${process.pid % 10_000}`
/** The most that a line sends at once, and how long a packet may wait for it. */
const BURST = '64kb'
const LATENCY = '300ms'

export interface HomeLines {
  /** The address of this machine for the browsers. */
  host: string
  /** Programs that start Chromium, each at a line of its own. */
  programs: string[]
}

/** @param upload as `tc` writes it, for instance `16mbit` @throws when this machine does not let us make them, with what it said */
export function openHomeLines(count: number, upload: string, stack: AsyncDisposableStack): HomeLines {
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('no Chromium on this machine')
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-bench-lines-'))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const host = `${NETWORK}.1`
  run(`ip link add ${PREFIX} type bridge`)
  stack.defer(() => run(`ip link del ${PREFIX}`))
  run(`ip addr add ${host}/24 dev ${PREFIX}`)
  run(`ip link set ${PREFIX} up`)
  const programs = Array.from({ length: count }, (_, line) => {
    const name = `${PREFIX}n${line}`
    run(`ip netns add ${name}`)
    stack.defer(() => run(`ip netns del ${name}`))
    run(`ip link add ${PREFIX}v${line} master ${PREFIX} type veth peer name eth0 netns ${name}`)
    run(`ip link set ${PREFIX}v${line} up`)
    run(`ip -n ${name} addr add ${NETWORK}.${line + 2}/24 dev eth0`)
    for (const device of ['lo', 'eth0']) run(`ip -n ${name} link set ${device} up`)
    run(`ip netns exec ${name} tc qdisc add dev eth0 root tbf rate ${upload} burst ${BURST} latency ${LATENCY}`)
    const program = join(directory, `chromium-${line}`)
    writeFileSync(program, `#!/bin/sh\nexec ip netns exec ${name} '${chromium}' "$@"\n`)
    chmodSync(program, 0o755)
    return program
  })
  return { host, programs }
}

function run(command: string): void {
  const [program = '', ...rest] = command.split(' ')
  const { status, stderr, error } = spawnSync(program, rest, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr.trim()}`)
}
