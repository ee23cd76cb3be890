/** Two node processes that have met, for all tests of a file: content held through the one is requested of the other. */

import { afterAll, beforeAll } from 'vitest'
import { type NodeProcess, startNodeProcess } from './node-process.ts'

export interface NodePair {
  readonly near: NodeProcess
  readonly far: NodeProcess
}

/** Called once in a file, or in a `describe`; the nodes are there when its tests run. */
export function useNodePair(): NodePair {
  const nodes: NodeProcess[] = []
  beforeAll(async () => {
    const near = await startNodeProcess()
    nodes.push(near)
    const far = await startNodeProcess({ join: [near.url] })
    nodes.push(far)
    await far.waitForLog(({ msg }) => msg === 'joined')
  }, 60_000)
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill('SIGKILL')))
  })
  const nodeAt = (index: number): NodeProcess => {
    const node = nodes[index]
    if (node === undefined) throw new Error('The nodes have not started yet')
    return node
  }
  return {
    get near() {
      return nodeAt(0)
    },
    get far() {
      return nodeAt(1)
    },
  }
}
