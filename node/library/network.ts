/** Clients of a port, and clocks, for users of the library: as in `node/network/`, with checked arguments. */

import * as address from '../network/client-address.ts'
import * as connections from '../network/client-connections.ts'
import * as clock from '../network/clock.ts'
import { readBoolean, readImplementation, readInteger, readNumber, readOneOf, readOptions, readText } from './arguments.ts'

/** Reads an IP address in every form that sockets and proxies write; undefined for any other text. */
export function parseClientAddress(text: string): address.ClientAddress | undefined {
  return address.parseClientAddress(readText(text, 'parseClientAddress: text'))
}

const readConnectionsOptions = readOptions<connections.ClientConnectionsOptions>({
  maxPerClient: readInteger,
  maxHttpPerClient: readInteger,
  trustProxy: readBoolean,
})

/** Counts the connections of each client to one port. */
export function createClientConnections(options?: connections.ClientConnectionsOptions): connections.ClientConnections {
  return connections.createClientConnections(readConnectionsOptions(options, 'createClientConnections: options'))
}

const readClockStatus = readImplementation<clock.ClockStatus>({
  state: readOneOf<clock.ClockStatus['state']>('alone', 'right', 'corrected', 'wrong', 'disputed'),
  aheadMs: readNumber,
  peers: readInteger,
})

/** The meaning of a clock's state, in words. */
export function clockSentence(status: clock.ClockStatus): string {
  return clock.clockSentence(readClockStatus(status, 'clockSentence: status'))
}
