/** The files of a bundle: each with its size, a way to see it and one to save it. Their paths are a stranger's: they are shown as text only. */

import { useState } from 'preact/hooks'
import { type BundleFile, nameOf } from '../bundle-files.ts'
import { type PageRoute, rawPathOf } from '../route.ts'
import type { Tab } from '../tab.ts'
import { filesText, sizeText } from '../words/size-text.ts'
import { InnerLink } from './inner-link.tsx'

/** A bundle may have thousands of files; so many rows are there at once. */
const FIRST_ROWS = 300

export interface BundleListProps {
  tab: Tab
  /** The bundle's own address. */
  address: Omit<PageRoute, 'view'>
  files: readonly BundleFile[]
}

export function BundleList({ tab, address: { hash: bundle, outline: bundleOutline }, files }: BundleListProps) {
  const [all, setAll] = useState(false)
  const total = files.reduce((sum, { size }) => sum + size, 0)
  return (
    <section class="bundle" aria-labelledby="bundle-title">
      <h2 id="bundle-title">
        {filesText(files.length)}, {sizeText(total)}
      </h2>
      <ul data-testid="bundle">
        {(all ? files : files.slice(0, FIRST_ROWS)).map(({ path, size, hash, outline }) => {
          const address = { hash, name: nameOf(path), ...(outline && { outline }) }
          return (
            <li key={path} data-path={path}>
              <InnerLink tab={tab} to={{ view: 'page', ...address }} class="name">
                {path}
              </InnerLink>
              <span class="facts">{sizeText(size)}</span>
              <a href={rawPathOf({ ...address, download: true })} aria-label={`Save ${path}`}>
                Save
              </a>
            </li>
          )
        })}
      </ul>
      <a href={rawPathOf({ hash: bundle, format: 'zip', ...(bundleOutline && { outline: bundleOutline }) })} data-testid="zip">
        Save all in one file (zip)
      </a>
      {!all && files.length > FIRST_ROWS && (
        <button type="button" class="quiet" onClick={() => setAll(true)}>
          Show all {files.length}
        </button>
      )}
    </section>
  )
}
