/** The things that presence is handed. */

import type { Quota } from '../async/quota.ts'
import type { AddressBook, Clock, Overlay, Supervisor } from '../network/index.ts'
import type { NetworkEvent } from '../network/types.ts'
import type { RefusedEvent } from '../types.ts'
import type { OwnRecords } from './own-records.ts'

export interface RendezvousContext {
  overlay: Pick<Overlay, 'libp2p' | 'privateKey' | 'role' | 'servers' | 'records'>
  supervisor: Supervisor
  store: OwnRecords
  addresses: AddressBook
  /** Tabs whose home is here, by peer id: kept here, read by the relay too. */
  tabs: Quota
  emit(event: NetworkEvent | RefusedEvent): void
  clock: Clock
  random(): number
}
