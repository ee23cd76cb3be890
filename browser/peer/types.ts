/** Types of the tab's peer that need nothing of it at run time. */

export type PeerLibrary = typeof import('./peer-library.ts')
