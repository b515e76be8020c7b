import { Droplet } from '@pulumi/digitalocean/droplet.js'
import { Firewall } from '@pulumi/digitalocean/firewall.js'
import { ReservedIp } from '@pulumi/digitalocean/reservedIp.js'
import { ReservedIpAssignment } from '@pulumi/digitalocean/reservedIpAssignment.js'
import { ReservedIpv6 } from '@pulumi/digitalocean/reservedIpv6.js'
import { ReservedIpv6Assignment } from '@pulumi/digitalocean/reservedIpv6Assignment.js'
import { Tag } from '@pulumi/digitalocean/tag.js'
import { Volume } from '@pulumi/digitalocean/volume.js'
import { VolumeAttachment } from '@pulumi/digitalocean/volumeAttachment.js'
import type { Output } from '@pulumi/pulumi'
import type { AppFile } from '../src/config/app-file.ts'
import type { Outputs, Site } from './app.ts'
import { cloudInit } from './cloud-init.ts'

// Files of the package, not its front door: an import of that one loads them all (digitalocean 4.80, 2026-11).

/** The app's site at DigitalOcean. Everything is protected: a `destroy` that is refused still deletes what is not. */
export const digitalocean = (app: AppFile, { name, labels, place, image, sshKeys, adminCidrs }: Site): Outputs => {
  const tags = Object.entries(labels).map(([label, value]) => `${label}:${value}`)

  // ── Address ── It carries no tags, has no PTR, and is assigned below: never by `dropletId` as well, for the two would fight (2026-11).
  const v4 = new ReservedIp('address', { region: place.location }, { protect: true })
  const v6 = new ReservedIpv6('address-v6', { regionSlug: place.location }, { protect: true })

  // ── Disk ──
  const disk = new Volume('disk', { name, region: place.location, size: app.size.diskGb, tags }, { protect: true })

  // ── Firewall ── By a tag of this site's own, so that it stands before the machine does. What no rule names does not go out either.
  const tag = new Tag('tag', { name }, { protect: true })
  const inboundRules = [
    { protocol: 'tcp', portRange: '22', sourceAddresses: adminCidrs },
    { protocol: 'tcp', portRange: '80', sourceAddresses: anywhere },
    { protocol: 'tcp', portRange: '443', sourceAddresses: anywhere },
    { protocol: 'icmp', sourceAddresses: anywhere },
  ]
  const outboundRules = [
    { protocol: 'tcp', portRange: '1-65535', destinationAddresses: anywhere },
    { protocol: 'udp', portRange: '1-65535', destinationAddresses: anywhere },
    { protocol: 'icmp', destinationAddresses: anywhere },
  ]
  new Firewall('firewall', { name, tags: [tag.name], inboundRules, outboundRules }, { protect: true })

  // ── Machine ──
  // Image and user data would replace it, and are its birth certificate alone: a new base image must not take a site down.
  const machine = new Droplet(
    'machine',
    {
      name,
      size: place.type,
      region: place.location,
      image,
      userData: disk.name.apply((volume) => cloudInit({ sshKeys, disk: `/dev/disk/by-id/scsi-0DO_Volume_${volume}` })),
      ipv6: true,
      gracefulShutdown: true,
      tags: [...tags, tag.name],
    },
    { protect: true, ignoreChanges: ['userData', 'image'] },
  )
  // A volume hangs on one machine: it leaves the old one before it comes to the new one. An address just moves.
  const dropletId = number(machine.id)
  new VolumeAttachment('machine-disk', { dropletId, volumeId: disk.id }, { protect: true, deleteBeforeReplace: true })
  new ReservedIpAssignment('machine-address', { dropletId, ipAddress: v4.ipAddress }, { protect: true })
  new ReservedIpv6Assignment('machine-address-v6', { dropletId, ip: v6.ip }, { protect: true })

  return { cloud: 'digitalocean', region: place.location, address: v4.ipAddress, addressV6: v6.ip, machineId: machine.id, app: app.name }
}

const anywhere = ['0.0.0.0/0', '::/0']

/** Ids are text, and numbers where another resource asks for them. */
const number = (id: Output<string>): Output<number> => id.apply(Number)
