import { standsAlike } from './alike.ts'

type Rule = { protocol: string; portRange?: string; sourceAddresses: string[] }

standsAlike({
  cloud: 'digitalocean',
  resources: ['address', 'address-v6', 'disk', 'tag', 'firewall', 'machine', 'machine-disk', 'machine-address', 'machine-address-v6'],
  region: 'fra1',
  addressV6: true,
  diskAt: () => '/dev/disk/by-id/scsi-0DO_Volume_shop-digitalocean',
  ignored: ['userData', 'image'],
  unlabelled: ['address', 'address-v6', 'tag', 'firewall', 'machine-disk', 'machine-address', 'machine-address-v6'],
  labelsOf: ({ tags }) => tags,
  letIn: (asked) =>
    (asked.find(({ name }) => name === 'firewall')?.inputs['inboundRules'] as Rule[])
      .filter(({ protocol }) => protocol !== 'icmp')
      .map(({ portRange, sourceAddresses }) => ({ port: Number(portRange), from: sourceAddresses })),
  deletedFirst: ['machine-disk'],
})
