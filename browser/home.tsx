/** Starts the app on the home page. */

import { mountTab } from './app/mount.tsx'

mountTab()
