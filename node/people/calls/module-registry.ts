/** The modules of one circle: who may call them is decided first, then whether there is room for one call more, and only then is its data read. */

import type { Quota } from '../../async/quota.ts'
import { MayflyError } from '../../errors.ts'
import { CALL_LIMITS } from '../format/call-frames.ts'
import type { Handler, ModuleOptions, Person } from '../types.ts'
import type { Deadlines } from './deadlines.ts'
import { isAllowed, letsStrangersIn } from './policy.ts'
import { type CallReply, type ServedCall, type ServedModule, serveCall } from './served-call.ts'

export const MODULE_DEFAULTS = {
  /** Calls of one caller of one module under way at once. */
  maxCallsPerCaller: 256,
  /** How long one call may take, in ms. */
  timeoutMs: 30_000,
}

interface RegisteredModule extends ServedModule {
  policy: ModuleOptions['policy']
  maxCallsPerCaller: number
}

export interface ModuleRegistryContext {
  /** Calls under way, by module and caller. Counted over all circles. */
  calls: Quota
  /** Bytes of their data, by caller. */
  bytes: Quota
  deadlines: Deadlines
  now(): number
  /** A handler failed. Its caller hears no more than the error's message. */
  onError(module: string, error: unknown): void
}

export type ModuleRegistry = ReturnType<typeof createModuleRegistry>

/** @param inRoom true for a room's modules, which its members may always call */
export function createModuleRegistry({ calls, bytes, deadlines, now, onError }: ModuleRegistryContext, inRoom: boolean) {
  /** By name. A map, in which no name has a meaning of its own. Bounded by the developer. */
  const modules = new Map<string, RegisteredModule>()

  return {
    /** @throws {MayflyError} ERR_BAD_OPTION */
    add(name: string, handler: Handler<unknown, unknown>, options: ModuleOptions = {}): () => void {
      checkName(name, 'module')
      if (modules.has(name))
        throw new MayflyError('ERR_BAD_OPTION', `There is a module ${JSON.stringify(name)} already: end that one first`)
      const { maxCallsPerCaller = MODULE_DEFAULTS.maxCallsPerCaller, timeoutMs = MODULE_DEFAULTS.timeoutMs } = options
      const { policy, input, consent } = options
      const module = { handler, policy, input, consent, maxCallsPerCaller, timeoutMs }
      modules.set(name, module)
      return () => {
        if (modules.get(name) === module) modules.delete(name)
      }
    },
    get letsStrangersIn() {
      return letsStrangersIn(modules.values())
    },
    /** Undefined when it was refused. */
    serve(name: string, caller: Person, data: Uint8Array, reply: CallReply): ServedCall | undefined {
      const module = modules.get(name)
      // A stranger does not learn which modules there are.
      if (module === undefined && (inRoom || caller.relation !== 'stranger')) {
        return void reply.error('ERR_NO_MODULE', `There is no module ${JSON.stringify(name)} here`)
      }
      if (module === undefined || !isAllowed(module, caller, inRoom)) return void reply.error('ERR_REFUSED', 'This module is not for you')
      const leaveCalls = enterCalls(module, `${caller.account} ${name}`)
      if (leaveCalls === undefined) {
        return void reply.error('ERR_BUSY', `Too many calls are under way: the limit of one caller is ${module.maxCallsPerCaller}`)
      }
      const leaveBytes = bytes.enter(caller.account, data.byteLength)
      if (typeof leaveBytes === 'string') {
        leaveCalls()
        return void reply.error('ERR_BUSY', 'Too many bytes are under way: wait for the calls before')
      }
      return serveCall(module, caller, data, reply, {
        now,
        deadlines,
        onError: (error) => onError(name, error),
        onRelease() {
          leaveCalls()
          leaveBytes()
        },
      })
    },
  }

  function enterCalls({ maxCallsPerCaller }: RegisteredModule, key: string): (() => void) | undefined {
    if (calls.of(key) >= maxCallsPerCaller) return undefined
    const leave = calls.enter(key)
    return typeof leave === 'string' ? undefined : leave
  }
}

/** @throws {MayflyError} ERR_BAD_OPTION */
export function checkName(name: string, what: string): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= CALL_LIMITS.maxNameLength) return
  throw new MayflyError('ERR_BAD_OPTION', `Not the name of a ${what}: expected text of 1 to ${CALL_LIMITS.maxNameLength} characters`)
}
