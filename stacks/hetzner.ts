import { Firewall } from '@pulumi/hcloud/firewall.js'
import { PrimaryIp } from '@pulumi/hcloud/primaryIp.js'
import { Server } from '@pulumi/hcloud/server.js'
import { Volume } from '@pulumi/hcloud/volume.js'
import { VolumeAttachment } from '@pulumi/hcloud/volumeAttachment.js'
import * as pulumi from '@pulumi/pulumi'
import type { AppFile } from '../src/config/app-file.ts'
import { labelsOf, type Outputs, type Site } from './app.ts'
import { cloudInit } from './cloud-init.ts'

/** Resources are named by text, and want each other as numbers. */
const number = (id: pulumi.Output<string>): pulumi.Output<number> => id.apply(Number)

const anywhere = ['0.0.0.0/0', '::/0']

/** The app's site at Hetzner. */
export const hetzner = (app: AppFile, site: Site): Outputs => {
  const { place: { type, location }, image, sshKeys, adminCidrs } = site
  const name = `${app.name}-${site.site}`
  const labels = labelsOf(app, site)

  const v4 = new PrimaryIp('address', { name: `${name}-v4`, type: 'ipv4', location, autoDelete: false, labels }, { protect: true })
  const v6 = new PrimaryIp('address-v6', { name: `${name}-v6`, type: 'ipv6', location, autoDelete: false, labels }, { protect: true })

  const disk = new Volume('disk', { name, size: app.size.diskGb, location, labels }, { protect: true })

  const rules = [
    { direction: 'in', protocol: 'tcp', port: '22', sourceIps: adminCidrs },
    { direction: 'in', protocol: 'tcp', port: '80', sourceIps: anywhere },
    { direction: 'in', protocol: 'tcp', port: '443', sourceIps: anywhere },
    { direction: 'in', protocol: 'icmp', sourceIps: anywhere },
  ]
  const firewall = new Firewall('firewall', { name, rules, labels }, { protect: true })

  const machine = new Server(
    'machine',
    {
      name,
      serverType: type,
      location,
      image,
      userData: cloudInit({ sshKeys, disk: pulumi.interpolate`/dev/disk/by-id/scsi-0HC_Volume_${disk.id}` }),
      publicNets: [{ ipv4Enabled: true, ipv4: number(v4.id), ipv6Enabled: true, ipv6: number(v6.id) }],
      firewallIds: [number(firewall.id)],
      labels,
    },
    { protect: true, deleteBeforeReplace: true, ignoreChanges: ['userData', 'image'] },
  )
  new VolumeAttachment('machine-disk', { serverId: number(machine.id), volumeId: number(disk.id) }, { protect: true, deleteBeforeReplace: true })

  return { cloud: 'hetzner', region: location, address: v4.ipAddress, addressV6: machine.ipv6Address, machineId: machine.id, app: app.name }
}
