/** Builds the command once for all tests of a run: started from its sources, each of hundreds of processes would load 700 modules. */

import type { TestProject } from 'vitest/node'
import { keepCommand } from '../../scripts/command-bundle.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the first file of the built command. */
    mayflyMain: string
  }
}

export async function setup(project: TestProject): Promise<void> {
  project.provide('mayflyMain', await keepCommand())
}
