/** Reloading a page that asks first whether one really wants to leave it. */

import type { Page } from 'playwright-core'

/** Longer than a page needs on a machine that does much else, in ms. */
const TIMEOUT_MS = 60_000

/**
 * Reloads the page, and confirms the browser's question. A busy Chromium may take the question back before it can be answered, and then
 * stays where it is (2 of 12 reloads beside three busy loops): a person would reload again, and so does this. Resolves with how often the
 * page asked.
 */
export async function reloadAnyway(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Page.enable')
  const leaveIt = () => {} // or Playwright answers it
  page.on('dialog', leaveIt)
  let asked = 0
  let takenBack = Promise.withResolvers<'taken back'>()
  devtools.on('Page.javascriptDialogOpening', () => {
    asked++
    devtools.send('Page.handleJavaScriptDialog', { accept: true }).catch(() => {}) // it may have been taken back
  })
  devtools.on('Page.javascriptDialogClosed', ({ result }) => {
    if (!result) takenBack.resolve('taken back')
  })
  try {
    for (;;) {
      takenBack = Promise.withResolvers()
      const reloaded = page.reload({ timeout: TIMEOUT_MS })
      reloaded.catch(() => {}) // one that was taken back has no end
      if ((await Promise.race([reloaded, takenBack.promise])) !== 'taken back') return asked
    }
  } finally {
    page.off('dialog', leaveIt)
    await devtools.detach()
  }
}
