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

export class Notices {
  readonly permission = new Cell<NoticePermission>('Notification' in globalThis ? Notification.permission : 'unsupported')

  /** Asks the person. To be called while a click is told of. */
  async ask(): Promise<void> {
    if (this.permission.get() === 'default') this.permission.set(await Notification.requestPermission())
  }

  /** Shows it when the page is hidden. Quiet when it may not. */
  show({ id, title, text }: Notice): void {
    if (this.permission.get() !== 'granted' || !document.hidden) return
    try {
      const notification = new Notification(title, { body: text, tag: id })
      notification.onclick = () => {
        globalThis.focus()
        notification.close()
      }
    } catch {
      this.permission.set('unsupported') // some browsers show them from service workers only, and nothing here is one
    }
  }
}
