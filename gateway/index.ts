/** The HTTP face of a node. */

export { createGateway } from './gateway.ts'
export { describeOwner } from './http/access.ts'
export { createInboxGateway, type InboxGatewayOptions } from './inbox-gateway.ts'
export { createGatewayServer, GATEWAY_SERVER_DEFAULTS, type GatewayServer, type GatewayServerOptions } from './server.ts'
export {
  type Client,
  GATEWAY_DEFAULTS,
  type Gateway,
  type GatewayEvent,
  type GatewayLimits,
  type GatewayOptions,
  type GatewaySettings,
  type NodeGateway,
} from './types.ts'
