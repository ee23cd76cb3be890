/** A node process for all tests of a file. */

import { afterAll, beforeAll } from 'vitest'
import { type NodeProcess, startNodeProcess } from './node-process.ts'

/** Called once in a file, or in a `describe`; the node is there when its tests run. */
export function useNode(): Pick<NodeProcess, 'url' | 'port'> {
  let node: NodeProcess | undefined
  beforeAll(async () => {
    node = await startNodeProcess()
  })
  afterAll(() => node?.kill('SIGKILL'))
  const started = (): NodeProcess => {
    if (node === undefined) throw new Error('The node has not started yet')
    return node
  }
  return {
    get url() {
      return started().url
    },
    get port() {
      return started().port
    },
  }
}
