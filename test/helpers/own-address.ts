import { networkInterfaces } from 'node:os'

/** An address of this machine besides loopback, from which Chromium does not connect. @throws when there is none */
export function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)
  if (found === undefined) throw new Error('This machine has no address besides loopback, and a browser connects from no other')
  return found.address
}
