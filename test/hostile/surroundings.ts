/** A visitor's browser as a hostile page finds it: the app in one tab, with canaries everywhere, somebody else's page in another. */

import type { BrowserContext, Page } from 'playwright-core'
import type { NodeProcess } from '../helpers/node-process.ts'
import { plantCanaries, readCanaries } from './app-canaries.ts'

/** All that a hostile page could have changed, seen from outside. */
export type Outlook = Record<string, unknown>

export interface Surroundings {
  readonly context: BrowserContext
  /** Somebody else's held page, opened alone. */
  readonly otherPage: Page
  lookAround(): Promise<Outlook>
}

export interface SurroundingsOptions {
  context: BrowserContext
  /** Holds what there is to be lost. */
  node: NodeProcess
  /** Where the app is opened. */
  gateway: string
  /** Hash of somebody else's page. */
  victim: string
}

/** Dialogs are accepted, and every download is counted. */
export async function createSurroundings({ context, node, gateway, victim }: SurroundingsOptions): Promise<Surroundings> {
  const dialogs: string[] = []
  const downloads: string[] = []
  context.on('page', (page) => page.on('download', (download) => downloads.push(download.suggestedFilename())))
  context.on('dialog', (dialog) => {
    dialogs.push(dialog.type())
    dialog.accept('answered').catch(() => {}) // it may be gone with the page that asked
  })
  const app = await context.newPage()
  await app.goto(gateway)
  await plantCanaries(app, 'secret')
  const otherPage = await context.newPage()
  await otherPage.goto(`${gateway}/raw/${victim}`)

  return {
    context,
    otherPage,
    async lookAround() {
      const visit = await context.newPage()
      const home = await visit.goto(gateway, { waitUntil: 'commit' })
      const served = { fromServiceWorker: home?.fromServiceWorker(), homePage: await home?.text() }
      await visit.close()
      return {
        ...served,
        ...(await readCanaries(app)),
        allCookies: (await context.cookies()).map(({ name, value }) => `${name}=${value}`),
        runningServiceWorkers: context.serviceWorkers().map((worker) => worker.url()),
        otherDocument: await otherPage.evaluate(() => `${location.href} ${document.documentElement.outerHTML}`),
        ...(await countHeld(node)),
        dialogs: [...dialogs],
        downloads: [...downloads],
      }
    },
  }
}

async function countHeld(node: NodeProcess): Promise<{ held: number; heldBytes: number }> {
  const { counts } = (await (await fetch(`${node.url}/api/v1/status`)).json()) as { counts: { held: number; heldBytes: number } }
  return { held: counts.held, heldBytes: counts.heldBytes }
}
