/**
 * The logger of a connection. libp2p names a scope of it for each connection, stream and choice of a protocol, and makes its loggers whether or not
 * they log: some 30 for each connection that was made, each with a look at the terminal and kilobytes of closures. While the name is not
 * logged, all of them are one that does nothing.
 */

import type { ComponentLogger, Logger } from '@libp2p/interface'

/** The parts of a logger of @libp2p/logger say by themselves whether they log. */
type DebugLogger = Logger & { error: { enabled?: boolean }; trace: { enabled?: boolean } }

const SILENT: Logger = Object.assign(() => {}, { enabled: false, error() {}, trace() {}, newScope: () => SILENT })

/** @returns makes the logger of one connection. What `DEBUG` says of the name itself holds for all scopes in it. */
export function createConnectionLog(logger: ComponentLogger, name: string): () => Logger {
  const log = logger.forComponent(name) as DebugLogger
  const isSilent = !log.enabled && !log.error.enabled && !log.trace.enabled
  return () => (isSilent ? SILENT : logger.forComponent(name))
}
