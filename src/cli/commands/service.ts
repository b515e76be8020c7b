import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { loadSettings } from '../../config/loading.ts'
import type { Settings } from '../../config/settings.ts'
import { exits, Said } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { inShell } from '../shell-word.ts'
import { readSettings } from '../ground.ts'

const root = resolve(import.meta.dirname, '../../..')

/** Prints a systemd unit that runs `watch` by this file, as the user that asks. */
export async function service(cli: Cli): Promise<number> {
  const settings = readSettings(cli)
  sayWhatIsMissing(cli, settings)
  cli.out(unitOf(settings, userInfo().username))
  return exits.done
}

/** systemd starts it without this shell's environment. */
function sayWhatIsMissing({ err, cwd }: Cli, { file, folder }: Settings): void {
  try {
    loadSettings({ env: {}, cwd, file })
  } catch (thrown) {
    if (!(thrown instanceof Said)) throw thrown
    err(`Under systemd there is no environment of this shell, and without it the file is not sound. Write what is missing into ${folder}/lifeboat.env (chmod 600):\n${thrown.message}`)
  }
}

/** The Node that npm ci brought, where it brought one: it goes with this version, and no upgrade of the machine's changes it. */
function nodePath(): string {
  const brought = resolve(root, `node_modules/node-linux-${process.arch}/bin/node`)
  return existsSync(brought) ? brought : process.execPath
}

function unitOf({ core, file, folder, store }: Settings, user: string): string {
  const node = nodePath()
  const stores = nearestFolder(dirname(store.path))
  const unit = `lifeboat-${core.app}.service`
  const inTmp = [node, root, file, stores].some((path) => /^\/(var\/)?tmp\//.test(path))
  return `# Written by lifeboat service. To put it in force, as root:
#   lifeboat service --config ${inShell(file)} > /etc/systemd/system/${unit}
#   systemctl daemon-reload && systemctl enable --now ${unit}
# After a change of lifeboat.yaml: systemctl reload ${unit}. Its log: journalctl -u ${unit}

[Unit]
Description=lifeboat watch (${core.app})
Wants=network-online.target
After=network-online.target time-sync.target
RequiresMountsFor=${[node, root, folder, stores].map(quoted).join(' ')}
# It never gives up: a fault that lasts an hour is over some time, and whoever is not watched is not moved.
StartLimitIntervalSec=0

[Service]
User=${user}
WorkingDirectory=${folder.replaceAll('%', '%%')}
ExecStart=:${[node, resolve(root, 'src/lifeboat.js'), 'watch', '--config', file].map(quoted).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5s
# A mistake in the file: nothing but a person mends it.
RestartPreventExitStatus=2
# A write that is under way at a DNS host is waited for.
TimeoutStopSec=30s

# It writes to the folder of its store alone. A program of notify runs under the same rules. MemoryDenyWriteExecute would stop Node itself.
UMask=0077
ProtectSystem=strict
ReadWritePaths=${quoted(stores)}
${inTmp ? '' : 'PrivateTmp=yes\n'}NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target`
}

/** The store's folder may not be there yet; then lifeboat makes it within what is. */
const nearestFolder = (folder: string): string => (existsSync(folder) ? folder : nearestFolder(dirname(folder)))

/** A path as one word of a unit (systemd.syntax(7), "Quoting"), with % for no specifier. */
function quoted(path: string): string {
  refuseControls(path)
  const text = path.replaceAll('%', '%%')
  return /^[\w./@%+,:=~-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

function refuseControls(path: string): void {
  if (/[\u0000-\u001f\u007f]/.test(path)) throw new Said(`A unit cannot name ${JSON.stringify(path)}, which has a control character in it. Rename the folder`)
}
