/** The browser's offer to install the app, which it makes once, early. */

import { Cell } from '../../cell.ts'

/** @see https://wicg.github.io/manifest-incubations/#beforeinstallpromptevent-interface (Chromium) */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>
}

export const installOffer = new Cell<InstallEvent | undefined>(undefined)

addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault() // the page has a button for it
  installOffer.set(event as InstallEvent)
})
addEventListener('appinstalled', () => installOffer.set(undefined))
