/** Registers paths with Hono, each with all its methods. */

import { type Context, Hono } from 'hono'
import type { GatewayRequest } from '../types.ts'
import { problemError } from './problem.ts'

const READ_METHODS = 'GET, HEAD, OPTIONS'

/** The data of a request on its way through Hono. The route that matches sets `route`, for the metrics. */
export interface RouteBindings {
  incoming: GatewayRequest
  route: string
}

/** @param parameter the path's `:key`, as it was sent */
export type RouteHandler = (incoming: GatewayRequest, parameter: string) => Response | Promise<Response>

export type RouteApp = Hono<{ Bindings: RouteBindings }>

export function createRouteApp(notFound: (incoming: GatewayRequest) => Promise<Response>): RouteApp {
  const app: RouteApp = new Hono()
  app.notFound((c) => notFound(c.env.incoming))
  app.onError((error) => {
    throw error // `answering.ts` answers all problems
  })
  return app
}

type RouteMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'

type RouteHandlers = Partial<Record<RouteMethod, RouteHandler>>

/** The pages that may read the answer to GET: those of any origin, or only our own. */
export type Readers = 'anybody' | 'owner'

export function addRoute(app: RouteApp, path: string, name: string, handlers: RouteHandlers, readers: Readers = 'anybody'): void {
  app.all(path, (c: Context<{ Bindings: RouteBindings }>) => {
    const { incoming } = c.env
    c.env.route = name
    return answerMethod(handlers, incoming, c.req.param('key') ?? '', readers)
  })
}

/** Answers HEAD like GET, OPTIONS with the methods, and any other method with 405. */
export function answerMethod(
  handlers: RouteHandlers,
  incoming: GatewayRequest,
  parameter = '',
  readers: Readers = 'anybody',
): Response | Promise<Response> {
  const { method } = incoming.request
  const handler = handlers[(method === 'HEAD' ? 'GET' : method) as RouteMethod]
  if (handler !== undefined) return handler(incoming, parameter)
  const reads = handlers.GET !== undefined
  const allow = [...Object.keys(handlers), ...(reads ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  // Pages of other origins may not change anything, so their preflight is granted nothing.
  if (method === 'OPTIONS')
    return reads && readers === 'anybody' ? answerReadOptions() : new Response(null, { status: 204, headers: { allow } })
  throw problemError(405, 'ERR_METHOD', `${method} is not allowed here.`, { headers: { allow } })
}

/** Answers OPTIONS of an address that is only read: every page may read it. */
export function answerReadOptions(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow: READ_METHODS,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': READ_METHODS,
      'access-control-allow-headers': '*',
      'access-control-max-age': '86400',
    },
  })
}

/** @throws {ProblemError} 405, for any method but GET and HEAD */
export function requireReadMethod(method: string): void {
  if (method === 'GET' || method === 'HEAD') return
  throw problemError(405, 'ERR_METHOD', `${method} does nothing here: content is read with GET.`, {
    advice: 'To hold content, PUT it to /api/v1/content.',
    headers: { allow: READ_METHODS },
  })
}
