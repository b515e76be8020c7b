import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Unpacked } from '../../lab/debian.ts'
import type { Asked } from '../../lab/net-poller.ts'
import { hosts } from '../../real/setting.ts'

/** Another way to lead people to a site that is well: it looks at the sites from its own host, and is asked by the customer. */
export type Peer = {
  /** Its rows in the table begin with this. */
  name: string
  packages: string[]
  host: keyof typeof peerHosts
  intervalMs: number
  asked: Asked
  /** What stands in its answer. */
  shows: Record<'alpha' | 'beta', string>
  /** Fills its folder, and gives the command below the unpacked packages. */
  prepare(folder: string, unpacked: Unpacked, write: (name: string, text: string) => Promise<void>): Promise<string[]>
  /** The command that says its version, and what of that is the version. */
  version: [args: string[], form: RegExp]
}

export const peerHosts = { haproxy: '192.0.2.60', gdnsd: '192.0.2.61', powerdns: '192.0.2.62' }

const addresses = { alpha: hosts.alpha, beta: hosts.beta }
const dnsOf = (address: string): Asked => ({ dns: { server: `${address}:53`, name: 'shop.example' } })

/** Beta is its backup: it takes nothing while alpha passes for up, whatever becomes of the requests. */
const haproxy = ({ inter, fall, intervalMs, timeoutMs, port }: { inter: string; fall: number; intervalMs: number; timeoutMs: number; port: number }): Peer => ({
  name: `HAProxy, inter ${inter} fall ${fall}`,
  packages: ['haproxy'],
  host: 'haproxy',
  intervalMs,
  asked: { http: { url: `http://${peerHosts.haproxy}:${port}/healthz` } },
  shows: { alpha: 'shop at alpha', beta: 'shop at beta' },
  prepare: async (folder, _, write) => {
    const check = `check inter ${inter} fall ${fall} rise 2 ssl verify none`
    await write('haproxy.cfg', `defaults
  mode http
  timeout connect ${timeoutMs}ms
  timeout check ${timeoutMs}ms
  timeout client 5s
  timeout server 5s
frontend shop
  bind ${peerHosts.haproxy}:${port}
  default_backend sites
backend sites
  option httpchk GET /healthz
  http-check expect status 200
  server alpha ${hosts.alpha}:443 ${check}
  server beta ${hosts.beta}:443 ${check} backup
`)
    return ['usr/sbin/haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]
  },
  version: [['usr/sbin/haproxy', '-v'], /HAProxy version ([\d.]+)/],
})

/** Its shortest interval: a time-out is a second at the least, and below the interval. */
const gdnsd: Peer = {
  name: 'gdnsd, tcp_connect every 2 s, 3 failures',
  packages: ['gdnsd'],
  host: 'gdnsd',
  intervalMs: 2_000,
  asked: dnsOf(peerHosts.gdnsd),
  shows: addresses,
  prepare: async (folder, _, write) => {
    await write('config', `options => { listen => ${peerHosts.gdnsd}, run_dir => ${join(folder, 'run')}, state_dir => ${join(folder, 'state')} }
service_types => { web => { plugin => tcp_connect, port => 443, interval => 2, timeout => 1, up_thresh => 2, ok_thresh => 1, down_thresh => 3 } }
plugins => { simplefo => { service_types => web, shop => { primary => ${hosts.alpha}, secondary => ${hosts.beta} } } }
`)
    await write('zones/shop.example', `@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A ${peerHosts.gdnsd}\n@ 1 DYNA simplefo!shop\n`)
    return ['usr/sbin/gdnsd', '-c', folder, 'start']
  },
  version: [['usr/sbin/gdnsd', '-V'], /gdnsd version ([\d.]+)/],
}

/** Its shortest interval; one failure is enough to it. */
const powerdns: Peer = {
  name: 'PowerDNS Lua, ifurlup every 1 s',
  packages: ['pdns-server', 'pdns-backend-sqlite3'],
  host: 'powerdns',
  intervalMs: 1_000,
  asked: dnsOf(peerHosts.powerdns),
  shows: addresses,
  prepare: async (folder, { root }, write) => {
    const file = join(folder, 'pdns.sqlite3')
    const db = new DatabaseSync(file)
    db.exec(await readFile(join(root, 'usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'), 'utf8'))
    db.exec("INSERT INTO domains (name, type) VALUES ('shop.example', 'NATIVE')")
    const record = db.prepare("INSERT INTO records (domain_id, name, type, content, ttl, auth) VALUES (1, 'shop.example', ?, ?, 1, 1)")
    record.run('SOA', 'ns1.shop.example hostmaster.shop.example 1 3600 600 86400 60')
    record.run('LUA', `A "ifurlup('https://shop.example/healthz', {{'${hosts.alpha}'}, {'${hosts.beta}'}}, {timeout=1})"`)
    db.close()
    await write('pdns.conf', `launch=gsqlite3
gsqlite3-database=${file}
module-dir=${join(root, 'usr/lib', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu', 'pdns')}
local-address=${peerHosts.powerdns}
socket-dir=${folder}
write-pid=no
disable-syslog=yes
security-poll-suffix=
enable-lua-records=yes
lua-health-checks-interval=1
cache-ttl=0
query-cache-ttl=0
`)
    return ['usr/sbin/pdns_server', `--config-dir=${folder}`, '--daemon=no', '--guardian=no']
  },
  version: [['usr/sbin/pdns_server', '--version'], /Server ([\d.]+)/],
}

export const peers: Peer[] = [
  haproxy({ inter: '100ms', fall: 2, intervalMs: 100, timeoutMs: 90, port: 8080 }),
  haproxy({ inter: '1s fastinter 100ms', fall: 3, intervalMs: 1_000, timeoutMs: 300, port: 8081 }),
  powerdns,
  gdnsd,
]
