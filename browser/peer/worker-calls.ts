/** Calls of a worker, each with one answer. A worker that has ended rejects them, and all that follow: its state is lost. */

/** The part of a `Worker` that is used. */
export interface WorkerPort {
  postMessage(request: unknown, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  addEventListener(type: 'error', listener: (event: ErrorEvent) => void): void
}

export interface WorkerAnswer {
  /** The id of its request. */
  id: number
  error?: string
  /** Of the error, as `QuotaExceededError`. */
  errorName?: string
}

/** @param name of the worker, for its error */
export function createWorkerCalls<Request extends object, Answer extends WorkerAnswer>(worker: WorkerPort, name: string) {
  let nextId = 1
  let failure: Error | undefined
  let isMissing = false
  /** By id. Bounded by the callers. */
  const pending = new Map<number, PromiseWithResolvers<Answer>>()

  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    const call = pending.get(data.id)
    pending.delete(data.id)
    if (data.error === undefined) call?.resolve(data)
    else call?.reject(Object.assign(new Error(data.error), data.errorName !== undefined && { name: data.errorName }))
  })
  worker.addEventListener('error', ({ message }) => {
    // A script that throws has a message; one that cannot be loaded has none.
    isMissing = !message
    failure = new Error(`The ${name} thread has ended: ${message || 'it could not be started'}`)
    for (const { reject } of pending.values()) reject(failure)
    pending.clear()
  })

  return {
    get hasEnded() {
      return failure !== undefined
    },
    /** Its script could not be loaded: it has never run. */
    get isMissing() {
      return isMissing
    },
    async call(request: Request, transfer: Transferable[] = []): Promise<Answer> {
      if (failure) throw failure
      const answer = Promise.withResolvers<Answer>()
      pending.set(nextId, answer)
      worker.postMessage({ ...request, id: nextId++ }, transfer)
      return answer.promise
    },
  }
}
