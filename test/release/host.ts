import { execa, type ResultPromise } from 'execa'
import { appendFile, chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { onTestFinished } from 'vitest'
import { makeSelfSigned } from '../lab/certificates.ts'
import { debian, type Unpacked } from '../lab/debian.ts'
import { freePort } from '../lab/ports.ts'
import { until } from '../lab/wait.ts'
import { findClient } from './client.ts'
import { readAsCompose } from './compose-env.ts'

// A host as stacks/cloud-init.ts leaves it: a real OpenSSH server with the user lifeboat, and a real HAProxy with a certificate that vouches for
// itself. `docker`, `sudo` and `systemctl` on its PATH stand in: each call of the first two reaches the test, which runs the app as a small HTTP server.

const packages = [['openssh-server'], ['libnss-wrapper'], ['haproxy']] as const

/** The programs that a host is made of. Null: they cannot be unpacked here. */
export const unpackHost = async (): Promise<Unpacked[] | null> => {
  if (!(await findClient())) return null
  const all: Unpacked[] = []
  for (const names of packages) {
    const unpacked = await debian([...names])
    if (unpacked === null) return null
    all.push(unpacked)
  }
  return all
}

export type DockerCall = { words: string[]; folder: string }

export type Host = {
  address: string
  /** Where its SSH server is reached. */
  sshPort: number
  /** Where its HAProxy listens, with TLS. */
  port: number
  /** Paths of the layout are below it. */
  root: string
  /** What docker was called for, in order: `config`, `pull`, `up`, `down`, `ps`. */
  calls: DockerCall[]
  verbs(): string[]
  /** What docker does instead of its work. `text`: it says this on standard error; a promise: it waits for it first. */
  onDocker: ((call: DockerCall) => Promise<{ fails: string } | void> | { fails: string } | void) | null
  /** The release that the app runs from, and its values. Null: none runs. */
  runs(): { image: string; values: Record<string, string> } | null
  /** Release folders there, and the one that is current. */
  releases(): Promise<{ all: string[]; current: string | null }>
  /** Ends every connection to its SSH server, as a network that is lost. */
  cut(): void
  /** A machine that was replaced: another host key. */
  renewKey(): Promise<void>
  certificate(): Promise<string>
  stop(): Promise<void>
}

/** Root may not be the user that logs in, whose programs it could not tell from its own. */
const uid = process.getuid?.() === 0 ? 65_534 : process.getuid!()
const who = process.getuid?.() === 0 ? { uid, gid: uid } : {}
const own = async (path: string): Promise<void> => {
  if (process.getuid?.() !== 0) return
  await chown(path, uid, uid)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await own(join(path, entry.name))
    else await chown(join(path, entry.name), uid, uid)
  }
}

const standIn = (port: number): string => `#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 125
printf '%s\\n' "$#" "\${0##*/}" "$PWD" "$@" >&3
IFS= read -r code <&3
cat <&3 >&2
exit "$code"
`

/** Calls of the stand-ins, answered with an exit code and what is said on standard error. */
const startCalls = async (answer: (program: string, folder: string, words: string[]) => Promise<{ code: number; said: string }>): Promise<{ port: number; server: Server }> => {
  const server = createServer((socket) => {
    let text = ''
    let heard = false
    socket.on('error', () => socket.destroy())
    socket.on('data', (part) => {
      text += part.toString()
      const [count = '', program = '', folder = '', ...words] = text.split('\n')
      if (heard || words.length <= Number(count)) return
      heard = true
      void answer(program, folder, words.slice(0, Number(count))).then(({ code, said }) => socket.end(`${code}\n${said}`))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port }
}

const keygen = async (path: string): Promise<void> => {
  await rm(path, { force: true })
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path])
}

/** Programs and libraries where the user that logs in can read them. */
const layPrograms = async (folder: string, [sshd, wrapper]: Unpacked[]): Promise<Record<string, string>> => {
  await mkdir(join(folder, 'lib'))
  await copyFile(join(sshd!.root, 'usr/sbin/sshd'), join(folder, 'sshd'))
  for (const place of [sshd!, wrapper!].flatMap(({ env }) => env['LD_LIBRARY_PATH']!.split(':')))
    for (const name of await readdir(place)) if (/\.so(\.|$)/.test(name)) await copyFile(join(place, name), join(folder, 'lib', name))
  await writeFile(join(folder, 'passwd'), `lifeboat:x:${uid}:${uid}::${folder}/home:/bin/bash\n`)
  await writeFile(join(folder, 'group'), `lifeboat:x:${uid}:\n`)
  return {
    LD_LIBRARY_PATH: join(folder, 'lib'), LD_PRELOAD: join(folder, 'lib/libnss_wrapper.so'),
    NSS_WRAPPER_PASSWD: join(folder, 'passwd'), NSS_WRAPPER_GROUP: join(folder, 'group'), PATH: '/usr/bin:/bin',
  }
}

/** TCP in the middle, so that a connection can be lost. */
const startGate = async (address: string, to: number): Promise<{ port: number; cut(): void; server: Server }> => {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const behind = connect({ host: address, port: to })
    for (const socket of [client, behind]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => (open.delete(socket), client.destroy(), behind.destroy()))
    }
    client.pipe(behind).pipe(client)
  })
  server.listen(0, address)
  await once(server, 'listening')
  return { server, port: (server.address() as { port: number }).port, cut: () => open.forEach((socket) => socket.destroy()) }
}

const haproxyConfig = (address: string, port: number, root: string, appPort: number): string => `global
  stats socket ${root}/haproxy.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend tls
  bind ${address}:${port} ssl crt ${root}/var/lib/lifeboat/tls/site.pem
  default_backend app
backend app
  server app ${address}:${appPort}
`

/** Starts a host at an address of loopback. `key`: the public key of who may log in. It is stopped with the test. */
export const startHost = async ({ address, key, unpacked, port }: { address: string; key: string; unpacked: Unpacked[]; port: number }): Promise<Host> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-host-'))
  await chmod(folder, 0o755)
  const root = join(folder, 'root')
  for (const path of ['home', 'bin', 'root/var/lib/lifeboat/app', 'root/var/lib/lifeboat/tls']) await mkdir(join(folder, path), { recursive: true })
  const env = await layPrograms(folder, unpacked)
  const pem = join(root, 'var/lib/lifeboat/tls/site.pem')
  const self = makeSelfSigned(['lifeboat.invalid'])
  await writeFile(pem, self.cert + self.key, { mode: 0o600 })
  const [sshPort, appPort] = [await freePort([address]), await freePort([address])]

  // The app.
  let app: { image: string; values: Record<string, string>; server: HttpServer } | null = null
  const down = async (): Promise<void> => {
    const { server } = app ?? {}
    app = null
    server?.closeAllConnections()
    if (server) await new Promise((closed) => server.close(closed))
  }
  const up = async (at: string): Promise<void> => {
    await down()
    const values = readAsCompose(await readFile(join(at, '.env'), 'utf8'))
    const { services } = parse(await readFile(join(at, 'compose.yaml'), 'utf8')) as { services: Record<string, { image: string }> }
    const image = Object.values(services)[0]!.image
    const server = createHttp((_, response) => response.writeHead(values['SICK'] === undefined ? 200 : 503, { connection: 'close' }).end(`ok from ${image}`))
    server.listen(appPort, address)
    await once(server, 'listening')
    app = { image, values, server }
  }

  const host: Host = {
    address, port, root, calls: [], onDocker: null, sshPort: 0,
    verbs: () => host.calls.map(({ words }) => words[0] ?? ''),
    runs: () => app && { image: app.image, values: app.values },
    releases: async () => {
      const base = join(root, 'var/lib/lifeboat/app')
      return { all: (await readdir(join(base, 'releases')).catch(() => [])).sort(), current: await readlink(join(base, 'current')).catch(() => null) }
    },
    cut: () => gate.cut(),
    certificate: () => readFile(pem, 'utf8'),
    renewKey: async () => {
      await keygen(join(folder, 'host-key'))
      await own(folder)
      await stopSshd()
      await startSshd()
    },
    stop: async () => undefined,
  }
  const docker = async (at: string, words: string[]): Promise<{ code: number; said: string }> => {
    // compose -p APP -f … -f … --env-file .env VERB …
    const call = { folder: at, words: words.slice(words.indexOf('.env') + 1) }
    host.calls.push(call)
    const verb = call.words[0]
    const fault = await host.onDocker?.(call)
    if (fault) return { code: 1, said: fault.fails }
    if (verb === 'up') await up(at)
    if (verb === 'down') await down()
    return { code: 0, said: verb === 'ps' ? 'web: Up 2 seconds\n' : '' }
  }
  const reload = async (): Promise<{ code: number; said: string }> => {
    const { exitCode, stderr } = await execa(haproxyProgram, ['-c', '-q', '-f', join(folder, 'haproxy.cfg')], { env: haproxyEnv, reject: false })
    if (exitCode !== 0) return { code: 1, said: stderr }
    haproxy.kill('SIGUSR2')
    return { code: 0, said: '' }
  }
  const calls = await startCalls((program, at, words) => (program === 'docker' ? docker(at, words) : reload()))
  for (const name of ['docker', 'systemctl']) await writeFile(join(folder, 'bin', name), standIn(calls.port), { mode: 0o755 })
  await writeFile(join(folder, 'bin/sudo'), '#!/bin/bash\nexec "$@"\n', { mode: 0o755 })

  // SSH.
  await keygen(join(folder, 'host-key'))
  await writeFile(join(folder, 'authorized'), `${key}\n`)
  const sshd = join(folder, 'sshd_config')
  await writeFile(sshd, [
    `ListenAddress ${address}`, `HostKey ${folder}/host-key`, 'PidFile none', 'StrictModes no', 'UsePAM no', 'PasswordAuthentication no', `AuthorizedKeysFile ${folder}/authorized`,
    `SetEnv PATH=${folder}/bin:/usr/bin:/bin LIFEBOAT_ROOT=${root}`, '',
  ].join('\n'))
  await own(folder)
  let server: ResultPromise | null = null
  const startSshd = async (): Promise<void> => {
    const said = join(folder, 'sshd.log')
    server = execa(join(folder, 'sshd'), ['-D', '-e', '-p', String(sshPort), '-f', sshd], { env, extendEnv: false, reject: false, ...who })
    server.stderr!.on('data', (part: Buffer) => void appendFile(said, part))
    await until('sshd listens', () => new Promise<boolean>((heard) => {
      const socket = connect({ host: address, port: sshPort })
      socket.on('error', () => heard(false))
      socket.on('data', () => (socket.destroy(), heard(true)))
    }))
  }
  const stopSshd = async (): Promise<void> => {
    server?.kill('SIGTERM')
    await server
  }
  await startSshd()
  const gate = await startGate(address, sshPort)

  // HAProxy.
  const haproxyProgram = join(unpacked[2]!.root, 'usr/sbin/haproxy')
  const haproxyEnv = unpacked[2]!.env
  await writeFile(join(folder, 'haproxy.cfg'), haproxyConfig(address, port, root, appPort))
  const haproxy = execa(haproxyProgram, ['-W', '-db', '-f', join(folder, 'haproxy.cfg')], { env: haproxyEnv, reject: false })
  await until('HAProxy listens', () => new Promise<boolean>((heard) => {
    const socket = connect({ host: address, port })
    socket.on('error', () => heard(false))
    socket.on('connect', () => (socket.destroy(), heard(true)))
  }))

  host.sshPort = gate.port
  host.stop = async () => {
    gate.cut()
    await down()
    await stopSshd()
    haproxy.kill('SIGTERM')
    await haproxy
    gate.server.close()
    calls.server.close()
    await rm(folder, { recursive: true, force: true })
  }
  onTestFinished(host.stop)
  return host
}
