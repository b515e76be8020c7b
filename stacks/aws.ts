import { Volume } from '@pulumi/aws/ebs/volume.js'
import { Eip } from '@pulumi/aws/ec2/eip.js'
import { EipAssociation } from '@pulumi/aws/ec2/eipAssociation.js'
import { Instance } from '@pulumi/aws/ec2/instance.js'
import { SecurityGroup } from '@pulumi/aws/ec2/securityGroup.js'
import { VolumeAttachment } from '@pulumi/aws/ec2/volumeAttachment.js'
import { SecurityGroupEgressRule } from '@pulumi/aws/vpc/securityGroupEgressRule.js'
import { SecurityGroupIngressRule } from '@pulumi/aws/vpc/securityGroupIngressRule.js'
import type { AppFile } from '../src/config/app-file.ts'
import type { Outputs, Site } from './app.ts'
import { cloudInit } from './cloud-init.ts'

// Files of the package, not its front door: an import of that one loads them all, in 235 MB (aws 7.48, 2026-11).

/** The app's site at AWS, in the region's default network. Everything is protected: a `destroy` that is refused still deletes what is not. */
export const aws = (app: AppFile, { name, labels, place, image, sshKeys, adminCidrs }: Site): Outputs => {
  const tags = { Name: name, ...labels }

  // ── Address ── IPv4 alone: an elastic address is nothing else, and the default network has no IPv6 (2026-11).
  const v4 = new Eip('address', { domain: 'vpc', tags }, { protect: true })

  // ── Disk ──
  const disk = new Volume('disk', { availabilityZone: place.location, size: app.size.diskGb, type: 'gp3', encrypted: true, tags }, { protect: true })

  // ── Firewall ── Rules are numbered, so that another range changes one where it stands: what is protected is not deleted for it.
  const firewall = new SecurityGroup('firewall', { name, description: `The site ${name}`, tags }, { protect: true })
  const securityGroupId = firewall.id
  const allow = (rule: string, port: number, range: string) =>
    new SecurityGroupIngressRule(rule, { securityGroupId, ipProtocol: 'tcp', fromPort: port, toPort: port, ...rangeOf(range), tags }, { protect: true })
  adminCidrs.forEach((range, i) => allow(`ssh-${i}`, 22, range))
  anywhere.forEach((range, i) => allow(`http-${i}`, 80, range))
  anywhere.forEach((range, i) => allow(`https-${i}`, 443, range))
  new SecurityGroupIngressRule('icmp', { securityGroupId, ipProtocol: 'icmp', fromPort: -1, toPort: -1, cidrIpv4: '0.0.0.0/0', tags }, { protect: true })
  anywhere.forEach((range, i) => new SecurityGroupEgressRule(`out-${i}`, { securityGroupId, ipProtocol: '-1', ...rangeOf(range), tags }, { protect: true }))

  // ── Machine ──
  // Image and user data would replace it, and are its birth certificate alone: a new base image must not take a site down.
  const machine = new Instance(
    'machine',
    {
      instanceType: place.type,
      availabilityZone: place.location,
      ami: image,
      userData: disk.id.apply((id) => cloudInit({ sshKeys, disk: `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace('-', '')}` })),
      vpcSecurityGroupIds: [firewall.id],
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required' },
      rootBlockDevice: { volumeType: 'gp3', encrypted: true, tags },
      tags,
    },
    { protect: true, ignoreChanges: ['userData', 'ami'] },
  )
  // A volume hangs on one machine: it leaves the old one, stopped for it, before it comes to the new one. An address just moves.
  const disking = { deviceName: '/dev/sdf', instanceId: machine.id, volumeId: disk.id, stopInstanceBeforeDetaching: true }
  new VolumeAttachment('machine-disk', disking, { protect: true, deleteBeforeReplace: true })
  new EipAssociation('machine-address', { allocationId: v4.allocationId, instanceId: machine.id }, { protect: true })

  return { cloud: 'aws', region: regionOf(place.location), address: v4.publicIp, machineId: machine.id, app: app.name }
}

const anywhere = ['0.0.0.0/0', '::/0']

const rangeOf = (range: string) => (range.includes(':') ? { cidrIpv6: range } : { cidrIpv4: range })

/** `eu-central-1a` is a zone of `eu-central-1`. */
const regionOf = (zone: string): string => /^[a-z-]+-\d+/.exec(zone)?.[0] ?? zone
