/** The files of a bundle: each with its size, and links to open and to save it. A stranger wrote the paths: they are shown as plain text. */

import { useState } from 'preact/hooks'
import { type BundleFile, nameOf } from '../../content/bundle-files.ts'
import { type ContentAddress, rawPathOf } from '../../content/raw-address.ts'
import type { Tab } from '../../tab.ts'
import { filesText, sizeText } from '../../text/size-text.ts'
import type { PageRoute } from '../../visit/route.ts'
import { ActionButton } from '../action-button.tsx'
import { InnerLink } from '../inner-link.tsx'
import type { ShownPage } from './shown-page.ts'

/** Rows that are shown at first: a bundle may have thousands of files. */
const FIRST_ROWS = 300

export function BundleList({ tab, page, files }: { tab: Tab; page: ShownPage; files: readonly BundleFile[] }) {
  const [all, setAll] = useState(false)
  const list = (
    <>
      <ul data-testid="bundle">
        {(all ? files : files.slice(0, FIRST_ROWS)).map((file) => (
          <FileRow key={file.path} tab={tab} page={page} file={file} />
        ))}
      </ul>
      {page.isPrivate && <p class="hint">Open a file to see or save it. To save all files, run: mayfly get "LINK" -o FOLDER</p>}
      {!all && files.length > FIRST_ROWS && <ActionButton text={`Show all ${files.length}`} onClick={() => setAll(true)} />}
    </>
  )
  // The page of a site is what its visitors came for.
  if (!page.isSite) return <section class="bundle" aria-label="Files" children={list} />
  return (
    <details class="bundle">
      <summary>
        {filesText(files.length)}, {sizeText(files.reduce((sum, { size }) => sum + size, 0))}
      </summary>
      {list}
    </details>
  )
}

/** A page opens at its path, where its own links, styles and pictures work; any other file by itself. */
function FileRow({ tab, page, file }: { tab: Tab; page: ShownPage; file: BundleFile }) {
  const { hash, route, isPrivate, isThere } = page
  const { path, size } = file
  const bundle: ContentAddress = { hash, ...(route.outline && { outline: route.outline }), inside: path }
  return (
    <li data-path={path}>
      <InnerLink tab={tab} to={{ view: 'page', ...(PAGE.test(path) && !isPrivate ? bundle : ownAddress(file, route.secret)) }} class="name">
        {path}
      </InnerLink>
      <span class="facts">{sizeText(size)}</span>
      {!isPrivate && isThere && (
        <a href={rawPathOf({ ...bundle, name: nameOf(path), download: true })} aria-label={`Save ${path}`}>
          Save
        </a>
      )}
    </li>
  )
}

const PAGE = /\.x?html?$/i

/** A private file contains its name. */
function ownAddress({ hash, outline, path }: BundleFile, secret: string | undefined): Omit<PageRoute, 'view'> {
  return { hash, ...(outline && { outline }), ...(secret === undefined ? { name: nameOf(path) } : { secret }) }
}
