/** The files of a bundle: each with its size, and links to open and to save it. A stranger wrote the paths: they are shown as plain text. */

import { useState } from 'preact/hooks'
import { type BundleFile, nameOf } from '../../content/bundle-files.ts'
import { rawPathOf } from '../../content/raw-address.ts'
import type { Tab } from '../../tab.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import type { PageRoute } from '../../visit/route.ts'
import { ActionButton } from '../action-button.tsx'
import { InnerLink } from '../inner-link.tsx'

/** Rows that are shown at first: a bundle may have thousands of files. */
const FIRST_ROWS = 300

export function BundleList({ tab, address, files }: { tab: Tab; address: Omit<PageRoute, 'view'>; files: readonly BundleFile[] }) {
  const { secret } = address
  const isPrivate = secret !== undefined
  const [all, setAll] = useState(false)
  const total = files.reduce((sum, { size }) => sum + size, 0)
  return (
    <section class="bundle" aria-labelledby="bundle-title">
      <h2 id="bundle-title">
        {filesText(files.length)}, {sizeText(total)}
      </h2>
      <ul data-testid="bundle">
        {(all ? files : files.slice(0, FIRST_ROWS)).map(({ path, size, hash, outline }) => {
          const fileAddress = { hash, name: nameOf(path), ...(outline && { outline }) }
          const opensWith = isPrivate ? { secret } : {} // a private file contains its name
          return (
            <li key={path} data-path={path}>
              <InnerLink tab={tab} to={{ view: 'page', ...fileAddress, ...opensWith }} class="name">
                {path}
              </InnerLink>
              <span class="facts">{sizeText(size)}</span>
              {!isPrivate && (
                <a href={rawPathOf({ ...fileAddress, download: true })} aria-label={`Save ${path}`}>
                  Save
                </a>
              )}
            </li>
          )
        })}
      </ul>
      {isPrivate ? (
        <p class="hint">Open a file to see or save it. To save all files, run: mayfly get "LINK" -o FOLDER</p>
      ) : (
        <a href={rawPathOf({ hash: address.hash, format: 'zip', ...(address.outline && { outline: address.outline }) })} data-testid="zip">
          Save all as a zip file
        </a>
      )}
      {!all && files.length > FIRST_ROWS && <ActionButton text={`Show all ${files.length}`} onClick={() => setAll(true)} />}
    </section>
  )
}
