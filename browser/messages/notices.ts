/** Browser notifications of messages that arrive while the page is hidden, if the person has allowed them. */

import { Cell } from '../cell.ts'

/** The part of `Window` that is used. */
export interface NoticeWindow {
  readonly Notification?: Pick<typeof Notification, 'permission' | 'requestPermission'> &
    (new (
      title: string,
      options: NotificationOptions,
    ) => Notification)
  readonly document: Pick<Document, 'hidden'>
  readonly isSecureContext: boolean
  focus(): void
}

export class Notices {
  /** 'unsupported': this browser or page cannot show notifications. */
  readonly permission: Cell<NotificationPermission | 'unsupported'>
  readonly #window: NoticeWindow

  constructor(window: NoticeWindow = globalThis) {
    this.#window = window
    this.permission = new Cell((window.isSecureContext && window.Notification?.permission) || 'unsupported')
  }

  /** Asks the person. Call it during a `click` event. */
  async ask(): Promise<void> {
    const { Notification } = this.#window
    if (Notification && this.permission.get() === 'default') this.permission.set(await Notification.requestPermission())
  }

  /** Shows a notification, each id once, if the page is hidden and the person has allowed it. */
  show({ id, title, text }: { id: string; title: string; text: string }): void {
    const { Notification, document } = this.#window
    if (!Notification || this.permission.get() !== 'granted' || !document.hidden) return
    try {
      const notification = new Notification(title, { body: text, tag: id })
      notification.onclick = () => {
        this.#window.focus()
        notification.close()
      }
    } catch {
      this.permission.set('unsupported') // some browsers show them from service workers only
    }
  }
}
