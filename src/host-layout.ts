/**
 * What stands where on a machine that a stack of ours made. `stacks/cloud-init.ts` lays it out at the machine's first boot; `push` brings
 * the release into it. Everything under `disk` outlives the machine.
 */
export const hostLayout = {
  /** Who logs in; may run containers, and is root by sudo. */
  user: 'lifeboat',
  /** Where the site's disk is mounted. */
  disk: '/var/lib/lifeboat',
  /** The release: compose file and .env. The user's own. */
  release: '/var/lib/lifeboat/app',
  /** Certificate chain and key in one PEM file, mode 0600, the user's own: self-signed until one is pushed. HAProxy takes a new one on `reload`. */
  certificate: '/var/lib/lifeboat/tls/site.pem',
  /** The port of 127.0.0.1 to which HAProxy forwards: a release publishes its http service there. */
  appPort: 8080,
  /** Makes HAProxy read certificate and configuration again; where they are broken it fails, and the old ones stay in force. */
  reload: ['sudo', 'systemctl', 'reload', 'haproxy'],
} as const
