/** Debian's nginx as a reverse proxy on a free port of loopback, with the directives of a test. It ends with the test. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { requireProgram } from '../../scripts/test-programs.ts'
import { createLineLog } from './line-log.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

/** @param directives of its one location, after a bare `proxy_pass` to that port; there is a cache named `shared` @returns its URL */
export async function startNginx(upstreamPort: number, directives = ''): Promise<string> {
  const directory = await createTemporaryDirectory()
  await chmod(directory, 0o755) // its workers run as another user
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`)
  const configuration = `daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr notice;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0; proxy_cache_path ${directory}/cache keys_zone=shared:1m; ${temporary.join(' ')}
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstreamPort}; ${directives} } }
}
`
  await writeFile(join(directory, 'nginx.conf'), configuration)
  const child = spawn(requireProgram('nginx'), ['-e', 'stderr', '-c', join(directory, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const closed = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGTERM') // its master ends the workers at once
    await closed
  })
  await createLineLog(child.stderr).waitFor((line) => line.includes('start worker process '))
  return `http://127.0.0.1:${port}`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
