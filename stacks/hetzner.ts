import { Firewall } from '@pulumi/hcloud/firewall.js'
import { PrimaryIp } from '@pulumi/hcloud/primaryIp.js'
import { Server } from '@pulumi/hcloud/server.js'
import { Volume } from '@pulumi/hcloud/volume.js'
import { VolumeAttachment } from '@pulumi/hcloud/volumeAttachment.js'
import type { Output } from '@pulumi/pulumi'
import type { AppFile } from '../src/config/app-file.ts'
import type { Outputs, Site } from './app.ts'
import { cloudInit } from './cloud-init.ts'

// Files of the package, not its front door: an import of that one loads them all (hcloud 1.41, 2026-11).

/** The app's site at Hetzner. Everything is protected: a `destroy` that is refused still deletes what is not. */
export const hetzner = (app: AppFile, { name, labels, place, image, sshKeys, adminCidrs }: Site): Outputs => {
  // ── Address ──
  // `location`, for `datacenter` is rejected since 2026-07; and no `assigneeId`, of which only one may be given: the machine names its addresses.
  const address = { location: place.location, assigneeType: 'server', autoDelete: false, labels }
  const v4 = new PrimaryIp('address', { name: `${name}-v4`, type: 'ipv4', ...address }, { protect: true })
  const v6 = new PrimaryIp('address-v6', { name: `${name}-v6`, type: 'ipv6', ...address }, { protect: true })

  // ── Disk ──
  const disk = new Volume('disk', { name, size: app.size.diskGb, location: place.location, labels }, { protect: true })

  // ── Firewall ── What goes out is free where no rule says otherwise.
  const rules = [
    { direction: 'in', protocol: 'tcp', port: '22', sourceIps: adminCidrs },
    { direction: 'in', protocol: 'tcp', port: '80', sourceIps: anywhere },
    { direction: 'in', protocol: 'tcp', port: '443', sourceIps: anywhere },
    { direction: 'in', protocol: 'icmp', sourceIps: anywhere },
  ]
  const firewall = new Firewall('firewall', { name, rules, labels }, { protect: true })

  // ── Machine ──
  // An address belongs to one machine, so the old one goes before the new one comes. Image and user data would replace it, and are its
  // birth certificate alone: a new base image must not take a site down.
  const machine = new Server(
    'machine',
    {
      name,
      serverType: place.type,
      location: place.location,
      image,
      userData: disk.id.apply((id) => cloudInit({ sshKeys, disk: `/dev/disk/by-id/scsi-0HC_Volume_${id}` })),
      publicNets: [{ ipv4Enabled: true, ipv4: number(v4.id), ipv6Enabled: true, ipv6: number(v6.id) }],
      firewallIds: [number(firewall.id)],
      shutdownBeforeDeletion: true,
      labels,
    },
    { protect: true, deleteBeforeReplace: true, ignoreChanges: ['userData', 'image'] },
  )
  new VolumeAttachment('machine-disk', { serverId: number(machine.id), volumeId: number(disk.id) }, { protect: true, deleteBeforeReplace: true })

  // The machine takes the first address of the /64 that `address-v6` is.
  return { cloud: 'hetzner', region: place.location, address: v4.ipAddress, addressV6: machine.ipv6Address, machineId: machine.id, app: app.name }
}

const anywhere = ['0.0.0.0/0', '::/0']

/** Ids are text, and numbers where another resource asks for them. */
const number = (id: Output<string>): Output<number> => id.apply(Number)
