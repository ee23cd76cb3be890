/** Tells of messages that arrive while nobody looks at the page, where the person has allowed it. */

import { Cell } from '../cell.ts'

/** 'unsupported': this browser, or this page, cannot. */
export type NoticePermission = NotificationPermission | 'unsupported'

export interface Notice {
  /** The same one is shown once. */
  id: string
  title: string
  text: string
}

/** What of a browser's window is used. */
export interface NoticeWindow {
  readonly Notification?: Pick<typeof Notification, 'permission' | 'requestPermission'> &
    (new (
      title: string,
      options: NotificationOptions,
    ) => Notification)
  readonly document: Pick<Document, 'hidden'>
  focus(): void
}

export class Notices {
  readonly permission: Cell<NoticePermission>
  readonly #window: NoticeWindow

  constructor(window: NoticeWindow = globalThis) {
    this.#window = window
    this.permission = new Cell(window.Notification?.permission ?? 'unsupported')
  }

  /** Asks the person. To be called while a click is told of. */
  async ask(): Promise<void> {
    const { Notification } = this.#window
    if (Notification && this.permission.get() === 'default') this.permission.set(await Notification.requestPermission())
  }

  /** Shows it when the page is hidden. Quiet when it may not. */
  show({ id, title, text }: Notice): void {
    const { Notification, document } = this.#window
    if (!Notification || this.permission.get() !== 'granted' || !document.hidden) return
    try {
      const notification = new Notification(title, { body: text, tag: id })
      notification.onclick = () => {
        this.#window.focus()
        notification.close()
      }
    } catch {
      this.permission.set('unsupported') // some browsers show them from service workers only, and nothing here is one
    }
  }
}
