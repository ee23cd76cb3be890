/** Calls of one end of a large transfer, of every system: one process offers, another reads. Types only. */

import type { BulkContent } from '../bulk-content.ts'
import type { BulkReading } from '../bulk-meter.ts'

export interface BulkPeerCalls extends Record<string, (argument: never) => unknown> {
  /**
   * @param entry URL of the module that gives a foreign system's packages
   * @param connect where the other end is; left out for the end that offers
   * Resolves, once both are connected, with where the other end can connect to this one.
   */
  start(options: { entry?: string; connect?: string }): Promise<string>
  /** Makes the content ready to be read. Resolves with the request for it. */
  offer(content: BulkContent): Promise<string>
  /** Reads all of it, checked. */
  read(request: { content: BulkContent; reference: string }): Promise<BulkReading>
}
