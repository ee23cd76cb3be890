/** Sentences for a page that came by plain http from another machine: each says why something does not work here, and how else it can be done. */

export const PLAIN_HTTP = 'This page came by plain http. Browsers encrypt only in pages from https or from your own machine (localhost).'

export const NO_PRIVATE_LINK = `${PLAIN_HTTP} For a private link, open this site by https, or use mayfly hold --private in a terminal.`

export const NO_DECRYPTION =
  'This page is private, and your browser cannot open it here, because you came by plain http. Open the same link by https, or on a machine ' +
  'with its own node, at localhost. In a terminal, mayfly get with the whole link saves the page.'

export const NO_ADDRESS = `${PLAIN_HTTP} So you have no address here. You can write to open names, and listen to them. To get an address, open this site by https.`

export const NO_SEALING = `${PLAIN_HTTP} Here you can write to a #name only. To write to an address, open this site by https, or use mayfly send in a terminal.`
