/** Content that the attacker holds beside the hostile page: small pages and a script that report what they reach where they are loaded. */

/**
 * Runs in a spy. Tells the page around or behind it what the app's storage says, under its own name: that of its frame, or its fragment.
 * It has no closing tag and no entity in it, so that it can stand in HTML, SVG and XML alike.
 */
const SPY_SCRIPT = `
  const listener = opener || parent
  const spy = name || location.hash.slice(1)
  let got = null
  try { got = localStorage.getItem('canary') } catch {}
  if (listener !== self) listener.postMessage({ spy, got }, '*')
`

export const SPY_HTML = `<!doctype html><title>spy</title><script>${SPY_SCRIPT}</script>`
export const SPY_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>${SPY_SCRIPT}</script></svg>`
export const SPY_XML = `<?xml version="1.0"?><spy><script xmlns="http://www.w3.org/1999/xhtml">${SPY_SCRIPT}</script></spy>`

/** One script for every way to run it: in a page, a worker, a shared worker, or as the service worker that answers for the app. */
export const HELD_SCRIPT = `
  self.heldScript = 'ran'
  if ('clients' in self) self.onfetch = (event) => {
    if (new URL(event.request.url).pathname === '/') event.respondWith(new Response('replaced'))
  }
  else if ('onconnect' in self) self.onconnect = (event) => event.ports[0].postMessage('ran')
  else if (typeof document === 'undefined') postMessage('ran')
`

export const HELD_STYLE = '#go { --held-style: applied }'
