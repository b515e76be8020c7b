import { stringify } from 'yaml'
import { hostLayout } from '../src/host-layout.ts'

const { user, disk: mount, release, certificate, appPort } = hostLayout

// Waiting: the cloud attaches the disk once the machine runs. Blank is what two programs call blank: `blkid` answers 2 also where it could
// not read, and a disk that is formatted by mistake is gone.
const diskScript = (disk: string) => `#!/bin/sh
# Waits for the site's disk, formats it only if it is blank, and mounts it by its label.
set -eu
disk=${disk}
waited=0
until test -e "$disk"; do
  waited=$((waited + 1))
  test "$waited" -le 600 || { echo "$disk did not appear within 10 minutes" >&2; exit 1; }
  sleep 1
done
found=0
blkid --probe "$disk" >/dev/null || found=$?
if test "$found" -eq 2; then
  cmp -s -n 1048576 "$disk" /dev/zero || { echo "$disk holds something that is no filesystem: not formatted" >&2; exit 1; }
  mkfs.ext4 -q -L lifeboat "$disk"
elif test "$found" -ne 0; then
  echo "$disk could not be read, so nothing was formatted" >&2
  exit 1
fi
udevadm settle
mkdir -p ${mount}
mountpoint -q ${mount} || mount -o noatime LABEL=lifeboat ${mount}
resize2fs "$disk"
install -d -o ${user} -g ${user} -m 0750 ${release}
install -d -o ${user} -g ${user} -m 0700 ${certificate.replace(/\/[^/]*$/, '')}
if ! test -s ${certificate}; then
  new=$(mktemp -d)
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj /CN=lifeboat.invalid -keyout "$new/key" -out "$new/chain"
  cat "$new/chain" "$new/key" >"$new/site.pem"
  install -o ${user} -g ${user} -m 0600 "$new/site.pem" ${certificate}
  rm -r "$new"
fi
`

// Harmless elsewhere: AWS and Hetzner answer with an error. https://docs.digitalocean.com/products/networking/reserved-ips/ (2026-11)
const addressScript = `#!/bin/sh
# DigitalOcean routes a reserved IPv6 address to the machine, which has to take it by itself.
set -eu
at=http://169.254.169.254/metadata/v1/reserved_ip/ipv6
test "$(curl -sf -m 5 "$at/active" || true)" = true || exit 0
ip -6 address replace "$(curl -sf -m 5 "$at/ip_address")/128" dev lo
`

const diskUnit = `[Unit]
Description=The disk of this site

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=15min
ExecStart=/usr/local/sbin/lifeboat-disk

[Install]
WantedBy=multi-user.target
`

const afterDisk = `[Unit]
Requires=lifeboat-disk.service
After=lifeboat-disk.service
`

const addressUnit = `[Unit]
Description=A reserved IPv6 address, where the cloud leaves it to the machine

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/lifeboat-address
`

const addressTimer = `[Timer]
OnBootSec=15s
OnUnitActiveSec=1min

[Install]
WantedBy=timers.target
`

const haproxy = `global
  log /dev/log local0
  user haproxy
  group haproxy
  ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
  log global
  mode http
  option httplog
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
  timeout tunnel 1h

frontend plain
  bind :80
  bind [::]:80 v6only
  http-request redirect scheme https code 308

frontend tls
  bind :443 ssl crt ${certificate} alpn h2,http/1.1
  bind [::]:443 v6only ssl crt ${certificate} alpn h2,http/1.1
  # What a client writes there itself is not believed.
  http-request del-header X-Forwarded-For
  http-request set-header X-Forwarded-Proto https
  default_backend app

backend app
  server app 127.0.0.1:${appPort}
`

const docker = `${JSON.stringify({ 'data-root': `${mount}/docker`, 'log-driver': 'local' })}\n`

const script = (path: string, content: string) => ({ path, permissions: '0755', content })
const file = (path: string, content: string) => ({ path, content })

/**
 * What an Ubuntu 24.04 does at its first boot, so that `push` can bring a release to it: user data for cloud-init, the same bytes on every
 * cloud but for `disk`, the path at which this cloud shows the disk. No secret stands in it, and nothing that a release changes.
 */
export const cloudInit = ({ sshKeys, disk }: { sshKeys: string[]; disk: string }): string => {
  const config = {
    // Whoever may run containers is root anyway. The disk keeps the number of its owner, so it is the same on each machine.
    users: [{ name: user, uid: 1000, shell: '/bin/bash', lock_passwd: true, sudo: 'ALL=(ALL) NOPASSWD:ALL', ssh_authorized_keys: sshKeys }],
    disable_root: true,
    ssh_pwauth: false,
    write_files: [
      script('/usr/local/sbin/lifeboat-disk', diskScript(disk)),
      script('/usr/local/sbin/lifeboat-address', addressScript),
      file('/etc/systemd/system/lifeboat-disk.service', diskUnit),
      file('/etc/systemd/system/docker.service.d/lifeboat.conf', afterDisk),
      file('/etc/systemd/system/haproxy.service.d/lifeboat.conf', afterDisk),
      file('/etc/systemd/system/lifeboat-address.service', addressUnit),
      file('/etc/systemd/system/lifeboat-address.timer', addressTimer),
      file('/etc/docker/daemon.json', docker),
      file('/etc/haproxy/haproxy.cfg', haproxy),
    ],
    package_update: true,
    packages: ['curl', 'docker-compose-v2', 'docker.io', 'haproxy', 'openssl'],
    runcmd: [
      // The group comes with the package.
      ['usermod', '--append', '--groups', 'docker', user],
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', 'lifeboat-disk.service', 'lifeboat-address.timer'],
      // Each may have been started by its package before it was told what to wait for.
      ['systemctl', 'restart', 'docker.service', 'haproxy.service'],
    ],
  }
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`
}
