/** Content that an attacker has a node hold: the hostile pages, and their scripts and frames. */

import type { FrameLocator, Page } from 'playwright-core'
import type { NodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { type Facts, hostilePage, type Probe } from './probe.ts'
import { HELD_SCRIPT, HELD_STYLE, SPY_HTML, SPY_SVG, SPY_XML } from './spies.ts'

/** How long a probe waits for an answer, in ms: guarded, where there is none to come; and unguarded, where one comes in the end. */
export const TIMEOUT_MS = { guarded: 2_000, unguarded: 15_000 } as const

export interface HostileContent {
  readonly facts: Omit<Facts, 'scene' | 'gateway' | 'timeoutMs'>
  /** A page with these probes, made for one scene: at the node itself, or at an unguarded gateway. Returns its hash. */
  hold(scene: string, probes: readonly Probe[], unguarded?: string): Promise<string>
}

export const VICTIM_PAGE = "<!doctype html><title>somebody else's</title><p>somebody else's page"

/** Has the node hold it. Returns its hash. */
export async function holdAt(node: Pick<NodeProcess, 'url'>, content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const answer = await fetch(`${node.url}/api/v1/content`, { method: 'PUT', body: content })
  if (answer.status !== 201) throw new Error(`The node does not hold it: ${await answer.text()}`)
  return ((await answer.json()) as { hash: string }).hash
}

/** `collector`: the origin of the attacker's own server. */
export async function createHostileContent(node: NodeProcess, collector: string): Promise<HostileContent> {
  const raw = async (content: string) => `/raw/${await holdAt(node, content)}`
  const home = await (await fetch(node.url)).text()
  const facts: HostileContent['facts'] = {
    collector,
    script: await raw(HELD_SCRIPT),
    style: await raw(HELD_STYLE),
    spy: await raw(SPY_HTML),
    spySvg: await raw(SPY_SVG),
    spyXml: await raw(SPY_XML),
    spyText: SPY_HTML,
    victim: await holdAt(node, VICTIM_PAGE),
    doomed: await holdAt(node, 'held by the node itself'),
    appScript: /src="([^"]+\.js)"/.exec(home)?.[1] ?? '',
  }
  return {
    facts,
    hold(scene, probes, unguarded) {
      const timeoutMs = unguarded === undefined ? TIMEOUT_MS.guarded : TIMEOUT_MS.unguarded
      return holdAt(node, hostilePage({ ...facts, scene, gateway: unguarded ?? node.url, timeoutMs }, probes))
    },
  }
}

/** Clicks the button of a hostile page, as a person does: again where the click fell beside it, because the app around was moving. */
export async function pressGo(place: Page | FrameLocator): Promise<void> {
  const button = place.locator('#go')
  const press = async () => {
    try {
      await button.click({ timeout: 20_000 })
    } catch (error) {
      // The window that the click closes may be closed before the click has ended.
      if (button.page().isClosed()) return true
      throw error
    }
    // A page that has gone elsewhere meanwhile was pressed, too.
    return button.isDisabled({ timeout: 1_000 }).catch(() => true)
  }
  await waitFor(press, 60_000, 'the button is pressed')
}
