/** The library as a tab loads it that shares, or receives a share, when it makes its peer. */

export { createPeer } from '../../../browser/module.ts'
