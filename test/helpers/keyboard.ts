/** A page by keyboard alone: where the focus is, whether it is seen there, and the way to a control. */

import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Time limit for the focus to come somewhere, in ms; long for slow machines. */
const SEES_MS = 60_000

/** The element that has the focus (its test id, spoken name or tag), and whether that is seen, by an outline of it or of the label around it. */
export const focusOf = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement ?? document.body
    const name = at.getAttribute('data-testid') ?? at.getAttribute('aria-label') ?? at.tagName
    const around = [at, at.closest('label')].filter((element) => element !== null)
    const isSeen = around.some((element) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
    })
    return { name, isSeen }
  })

/** Goes to a control by the Tab key alone; every stop on the way is seen. */
export async function tabTo(page: Page, wanted: string): Promise<void> {
  const stops: string[] = []
  for (let presses = 0; presses < 40; presses++) {
    const { name } = await focusOf(page)
    if (name === wanted) return
    await page.keyboard.press('Tab')
    const stop = await focusOf(page)
    stops.push(stop.name)
    if (stop.name !== 'BODY') expect(stop, `a stop after ${stops.join(', ')}`).toMatchObject({ isSeen: true })
  }
  throw new Error(`No ${wanted} among the stops: ${stops.join(', ')}`)
}

/** Goes to a control as `tabTo`, and presses the key there. */
export async function press(page: Page, wanted: string, key = 'Enter'): Promise<void> {
  await tabTo(page, wanted)
  await page.keyboard.press(key)
}

/** Where the focus comes to, once it is there. */
export const comesTo = (page: Page, name: string) => expect.poll(async () => (await focusOf(page)).name, { timeout: SEES_MS }).toBe(name)
