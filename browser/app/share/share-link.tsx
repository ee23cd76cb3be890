/** The link of a share, its QR code, and a code that can be said aloud. */

import type { ShownShare } from '../../sharing/followed-share.ts'
import type { OwnShare } from '../../sharing/own-share.ts'
import type { Tab } from '../../tab.ts'
import { closeSentence } from '../../words/share-sentence.ts'
import { LinkRow } from '../link-row.tsx'
import { useCell } from '../use-cell.ts'
import { SpokenCode } from './spoken-code.tsx'

export function ShareLink({ tab, ownShare, share }: { tab: Tab; ownShare: OwnShare; share: ShownShare }) {
  const connection = useCell(tab.session.connection)
  const gateway = connection.state === 'joined' ? connection.forOthers : window.location.origin
  return (
    <section class="share-link" aria-label="The link" data-testid="share">
      <p class="notice" role="status" data-testid="share-close">
        {closeSentence(share.receivers, share.rules)}
      </p>
      <LinkRow link={gateway + share.path} title="Files for you" label="Link to what you share" hasQr />
      <SpokenCode ownShare={ownShare} host={new URL(gateway).host} />
    </section>
  )
}
