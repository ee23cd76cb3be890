/** A thread that makes signals of one that times out, and ends once they are collected. Its heap is small: counting walks through all of one. */

import { queryObjects } from 'node:v8'
import { timeoutSignal } from '../../node/async/abort.ts'
import { waitFor } from './wait-for.ts'

const count = () => queryObjects(AbortSignal, { format: 'count' })

const life = new AbortController()
const before = count()
for (let i = 0; i < 200; i++) AbortSignal.any([AbortSignal.any([life.signal, timeoutSignal(1)]), new AbortController().signal])
await waitFor(() => count() < before + 50, 25_000, 'they are collected')
