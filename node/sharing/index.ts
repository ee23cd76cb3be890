/** Sharing of files: shares, their receivers, drop boxes. Loaded for a peer that shares. */

export { dropRefusalOf } from './boxes/refusal.ts'
export { type SafePath, safePath } from './format/safe-path.ts'
export { createSharing, SHARING_LIMITS, type SharingContext, type SharingService } from './sharing.ts'
