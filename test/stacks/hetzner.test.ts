import { standsAlike } from './alike.ts'

type Rule = { direction: string; protocol: string; port?: string; sourceIps: string[] }

standsAlike({
  cloud: 'hetzner',
  resources: ['address', 'address-v6', 'disk', 'firewall', 'machine', 'machine-disk'],
  region: 'fsn1',
  addressV6: true,
  diskAt: (id) => `/dev/disk/by-id/scsi-0HC_Volume_${id}`,
  ignored: ['userData', 'image'],
  unlabelled: ['machine-disk'],
  labelsOf: ({ labels }) => labels,
  letIn: (asked) =>
    (asked.find(({ name }) => name === 'firewall')?.inputs['rules'] as Rule[])
      .filter(({ protocol }) => protocol !== 'icmp')
      .map(({ port, sourceIps }) => ({ port: Number(port), from: sourceIps })),
  deletedFirst: ['machine', 'machine-disk'],
})
