/**
 * Keeps the keyboard where it was. When the element with the focus is removed or disabled, browsers let the focus fall back to the whole page: the
 * next Tab begins at the top, and a screen reader says nothing. An element that is enabled again gets its focus back; for one that has gone, the
 * nearest part of the page around it does. A view that sets the focus itself comes first.
 */

/** Set on parts of the page that have the focus in place of something that has gone: they are not drawn as a control. */
const KEPT = 'focusKept'

export function keepFocus(document: Document): void {
  /** The element that had the focus last, and those around it, inside out. */
  let path: readonly HTMLElement[] = []
  let isAsked = false

  const isLost = () => document.activeElement === null || document.activeElement === document.body

  function check(): void {
    isAsked = false
    const [last] = path
    if (last === undefined || !isLost()) return
    if (!last.isConnected) placeFor(path)?.focus({ preventScroll: true })
    else if (!last.matches(':disabled')) last.focus({ preventScroll: true })
  }

  document.addEventListener('focusin', ({ target }) => {
    path = pathOf(target)
  })
  document.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget !== null) return
    queueMicrotask(() => {
      const [last] = path
      const hasLeft = last?.isConnected === true && !last.matches(':disabled') && document.activeElement !== last
      if (hasLeft) path = [] // the person has clicked elsewhere
    })
  })
  const changes = new MutationObserver(() => {
    if (isAsked || path.length === 0) return
    isAsked = true
    requestAnimationFrame(() => setTimeout(check)) // after the effects of the views
  })
  changes.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled'] })
}

function pathOf(target: EventTarget | null): HTMLElement[] {
  const path: HTMLElement[] = []
  for (let at = target; at instanceof HTMLElement && at !== document.body; at = at.parentElement) path.push(at)
  return path
}

/** The nearest part that is still there; of the whole view, its heading. */
function placeFor(path: readonly HTMLElement[]): HTMLElement | undefined {
  const near = path.find((element) => element.isConnected)
  if (near === undefined) return undefined
  const place = (near.id === 'top' ? near.querySelector<HTMLElement>('h1') : null) ?? near
  if (!place.hasAttribute('tabindex')) {
    place.tabIndex = -1
    place.dataset[KEPT] = ''
  }
  return place
}
