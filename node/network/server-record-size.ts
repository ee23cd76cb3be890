/** A server's signed addresses are at most this long, in bytes: eight addresses of a hundred each, key and signature. */
export const MAX_SERVER_RECORD_BYTES = 1_024
