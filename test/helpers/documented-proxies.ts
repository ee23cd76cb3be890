/** The proxies of Debian with TLS in front of a node, set up as OPERATING.md says. They end with the test. */

import { readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startProgram } from './background-program.ts'
import { freePort } from './free-port.ts'
import { operatingBlock } from './operating-page.ts'
import { runProgram } from './program.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

export interface Site {
  /** Where the proxy listens. */
  port: number
  /** Where the node does. */
  nodePort: number
  directory: string
  certificate: string
  key: string
}

interface Proxy {
  /** Resolves once a new configuration is in force. */
  reload(): Promise<void>
}

export const PROXIES: Record<'nginx' | 'Caddy' | 'HAProxy', (site: Site) => Promise<Proxy>> = {
  async nginx({ port, nodePort, directory, certificate, key }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`)
    const site = operatingBlock('mayfly.conf', {
      '443': `127.0.0.1:${port}`,
      'pages.example;': 'localhost;',
      '/etc/ssl/pages.example/fullchain.pem': certificate,
      '/etc/ssl/pages.example/key.pem': key,
      '127.0.0.1:4000': `127.0.0.1:${nodePort}`,
    })
    const path = await write(
      join(directory, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr notice;
events { worker_connections 256; }
http { access_log off; ${temporary.join(' ')} ${site} }`,
    )
    const { log, signal } = startProgram('nginx', ['-e', 'stderr', '-c', path])
    await log.waitFor(isWorkerStart)
    return {
      async reload() {
        const from = log.lines.length
        signal('SIGHUP')
        await log.waitFor((line) => line.includes('gracefully shutting down'), { from })
      },
    }
  },
  async Caddy({ port, nodePort, directory, certificate, key }) {
    const admin = await freePort()
    const site = operatingBlock('Caddyfile', {
      'pages.example': `https://localhost:${port}`,
      reverse_proxy: `tls ${certificate} ${key}\n\treverse_proxy`,
      '127.0.0.1:4000': `127.0.0.1:${nodePort}`,
    })
    const options = (level: string) =>
      `{\n\tadmin localhost:${admin}\n\tauto_https disable_redirects\n\tlog {\n\t\tlevel ${level}\n\t}\n}\n`
    const path = await write(join(directory, 'Caddyfile'), options('INFO') + site)
    const home = { HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }
    const { log } = startProgram('caddy', ['run', '--config', path, '--adapter', 'caddyfile'], home)
    await log.waitFor((line) => line.includes('serving initial configuration'))
    return {
      async reload() {
        await write(path, options('DEBUG') + site) // an unchanged one is not loaded
        const { code, stderr } = await runProgram('caddy', ['reload', '--config', path, '--adapter', 'caddyfile'])
        if (code !== 0) throw new Error(stderr)
      },
    }
  },
  async HAProxy({ port, nodePort, directory, certificate, key }) {
    const both = await write(join(directory, 'both.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'))
    const path = await write(
      join(directory, 'haproxy.cfg'),
      operatingBlock('haproxy.cfg', {
        ':443': `127.0.0.1:${port}`,
        '/etc/ssl/pages.example/both.pem': both,
        '127.0.0.1:4000': `127.0.0.1:${nodePort}`,
      }),
    )
    const { log, signal } = startProgram('haproxy', ['-W', '-db', '-f', path])
    await log.waitFor(isLoaded)
    return {
      async reload() {
        const from = log.lines.length
        signal('SIGUSR2')
        await log.waitFor(isLoaded, { from })
      },
    }
  },
}

const isWorkerStart = (line: string) => line.includes('start worker process ')
const isLoaded = (line: string) => line.includes('Loading success')

export async function write(path: string, text: string): Promise<string> {
  await writeFile(path, text)
  return path
}

/** Free ports, and a certificate for `localhost`. */
export async function createSite(): Promise<Site> {
  const directory = await createTemporaryDirectory()
  await chmod(directory, 0o755) // workers run as another user
  const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
  const { code, stderr } = await runProgram('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
  ])
  if (code !== 0) throw new Error(stderr)
  return { port: await freePort(), nodePort: await freePort(), directory, certificate, key }
}
