import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { findSocketOwner } from '../../../gateway/http/socket-owner.ts'

test.runIf(process.platform === 'linux').each(['127.0.0.1', '::1'])(
  'findSocketOwner: a connection of this process at %s is its user’s',
  async (host) => {
    const server = createServer().listen(0, host)
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const client = connect((server.address() as AddressInfo).port, host)
    onTestFinished(() => void client.destroy())
    const [accepted] = (await once(server, 'connection')) as [Socket]
    expect(findSocketOwner(accepted)).toBe(process.getuid?.())
    expect(findSocketOwner({ remotePort: accepted.localPort, localPort: 1 })).toBeUndefined()
  },
)
