import { standsAlike, type LetIn } from './alike.ts'

type Rule = { ipProtocol: string; fromPort: number; cidrIpv4?: string; cidrIpv6?: string }

standsAlike({
  cloud: 'aws',
  resources: ['address', 'disk', 'firewall', 'ssh-0', 'ssh-1', 'http-0', 'http-1', 'https-0', 'https-1', 'icmp', 'out-0', 'out-1', 'machine', 'machine-disk', 'machine-address'],
  region: 'eu-central-1',
  addressV6: false,
  diskAt: (id) => `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace('vol-', 'vol')}`,
  ignored: ['userData', 'ami'],
  unlabelled: ['machine-disk', 'machine-address'],
  labelsOf: ({ tags }) => tags,
  letIn: (asked) => {
    const rules = asked.filter(({ type }) => type === 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule').map(({ inputs }) => inputs as Rule)
    return rules.reduce<LetIn[]>((known, { ipProtocol, fromPort, cidrIpv4, cidrIpv6 }) => {
      if (ipProtocol === 'icmp') return known
      const one = known.find(({ port }) => port === fromPort)
      const from = [...(one?.from ?? []), cidrIpv4 ?? cidrIpv6 ?? '']
      return [...known.filter((each) => each !== one), { port: fromPort, from }]
    }, [])
  },
  deletedFirst: ['machine-disk'],
})
