/** The messages page in a real browser, as a person uses it. A wait ends as soon as the page shows the expected state. */

import type { Locator, Page } from 'playwright-core'
import type { PostOutcome } from '../../node/index.ts'
import { seesConnection } from './app-page.ts'

/** Time limit for a page to show something, in ms; long for slow machines. */
const SEES_MS = 40_000

/** Opens the page, and waits until this browser has an address and is in the network. Returns the address. */
export async function openMessages(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/messages`)
  await seesConnection(page, 'joined')
  return myAddress(page)
}

export async function myAddress(page: Page): Promise<string> {
  return page.getByTestId('my-address').innerText()
}

/** Waits until this tab receives, or another one of its browser does. */
export async function seesReceiving(page: Page, state: 'here' | 'elsewhere'): Promise<void> {
  await page.locator(`[data-testid="receiving"][data-state="${state}"]`).waitFor({ timeout: SEES_MS })
}

export async function listenTo(page: Page, name: string): Promise<void> {
  await page.getByTestId('end-name').fill(name)
  await page.getByTestId('listen').click()
  await page.getByTestId('ends').getByText(name).waitFor()
}

/** Chooses whose messages an end accepts. */
export async function takeFrom(page: Page, name: string, policy: 'open' | 'known' | 'muted'): Promise<void> {
  await page.getByLabel(`Accept messages on ${name}`).selectOption(policy)
  await page.locator(`[data-testid="ends"] > li[data-end="${name}"][data-policy="${policy}"]`).waitFor()
}

/** Writes and sends a message, and waits until it is in the list or was refused. */
export async function writeMessage(page: Page, to: string, text: string): Promise<void> {
  await page.getByTestId('message-to').fill(to)
  await sendText(page, text)
}

/** As `writeMessage`, to the receiver that is filled in. */
export async function sendText(page: Page, text: string): Promise<void> {
  await page.getByTestId('message-text').fill(text)
  await page.getByTestId('send').click()
  await page.getByRole('button', { name: 'Send', exact: true }).waitFor({ timeout: SEES_MS })
}

/** Waits for the message with this text in the inbox. */
export async function seesMessage(page: Page, text: string, timeoutMs = SEES_MS): Promise<Locator> {
  const message = inboxOf(page).filter({ hasText: text }).first()
  await message.waitFor({ timeout: timeoutMs })
  return message
}

export function inboxOf(page: Page): Locator {
  return page.locator('[data-testid="inbox"] > li')
}

/** Waits until this number of sent messages is in the state. The page shows the newest three until it is asked for all. */
export async function seesSent(page: Page, state: PostOutcome['state'], count = 1, timeoutMs = SEES_MS): Promise<void> {
  if (count > 3) await page.locator('[data-testid="sent-all"][aria-expanded="false"]').click()
  await page
    .locator(`[data-testid="sent"] > li[data-state="${state}"]`)
    .nth(count - 1)
    .waitFor({ timeout: timeoutMs })
}
