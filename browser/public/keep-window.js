/**
 * A second entry in the history of a window that had none: Firefox (153) lets a page in a frame close the window around it while that shows
 * its first page, although the frame's sandbox forbids it. No module, since it has to run before the frame loads.
 *
 * @see https://html.spec.whatwg.org/multipage/nav-history-apis.html#script-closable
 */
if (history.length === 1) history.pushState(null, '')
