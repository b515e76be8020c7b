// EC2's types, as far as stacks/aws.ts uses them, over its query API. What replaces what: terraform-provider-aws 6, 2026-11.
import { byType, refuseChange, type Calls, type Cloud, type Properties, type Resource } from './resources.ts'

/** XML without attributes: `item`s are a list, text is text, and an empty element is none. */
export const parseXml = (xml: string): Properties => {
  const stack: { name: string; children: [string, unknown][]; text: string }[] = [{ name: '', children: [], text: '' }]
  for (const [, closes, name = '', empty, text = ''] of xml.matchAll(/<(\/?)([\w:]+)[^>]*?(\/?)>|([^<]+)|<\?[^>]*>/g)) {
    const top = stack.at(-1)!
    if (name && !closes && !empty) stack.push({ name, children: [], text: '' })
    else if (closes) stack.at(-2)!.children.push([stack.pop()!.name, valueOf(top)])
    else top.text += text
  }
  return Object.fromEntries(stack[0]!.children)
}

const valueOf = ({ children, text }: { children: [string, unknown][]; text: string }): unknown =>
  children.length === 0 ? text.trim() || undefined : children.every(([name]) => name === 'item') ? children.map(([, value]) => value) : Object.fromEntries(children)

/** `{ Tag: [{ Key: 'a' }] }` as `Tag.1.Key=a`. What is undefined is left out. */
const flat = (value: unknown, path: string): [string, string][] => {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((each, i) => flat(each, `${path}.${i + 1}`))
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, each]) => flat(each, path ? `${path}.${key}` : key))
  return [[path, String(value)]]
}

/** The service is told by the scope of the credential alone; the simulation looks at no signature. */
const queryCalls = (endpoint: string, region: string, service: 'ec2' | 'sts', Version: string): Calls => async (_method, Action, body = {}) => {
  const scope = `Credential=lab/20261125/${region}/${service}/aws4_request, SignedHeaders=host, Signature=lab`
  const headers = { authorization: `AWS4-HMAC-SHA256 ${scope}`, 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(endpoint, { method: 'POST', headers, body: new URLSearchParams(flat({ Action, Version, ...body }, '')) })
  const text = await response.text()
  if (response.ok) return Object.values(parseXml(text))[0] as Properties
  const [, code = 'Unknown'] = /<Code>([^<]*)/.exec(text) ?? []
  if (/NotFound$/.test(code)) return null
  const [, message = text] = /<Message>([^<]*)/.exec(text) ?? []
  throw new Error(`operation error ${service.toUpperCase()}: ${Action}, https response error StatusCode: ${response.status}, api error ${code}: ${message}`)
}

const tagged = (type: string, tags: unknown): Properties => ({
  TagSpecification: tags ? [{ ResourceType: type, Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value: String(Value) })) }] : [],
})

const tagsSaid = ({ tagSet }: Properties): Properties => ({ tags: Object.fromEntries(((tagSet ?? []) as { key: string; value?: string }[]).map(({ key, value = '' }) => [key, value])) })

const done = async (calls: Calls, action: string, body: Properties): Promise<Properties> => (await calls('POST', action, body)) ?? {}

/** The one thing that a Describe call is asked for. Null: there is none, or no more. */
const described = async (calls: Calls, action: string, body: Properties, set: string): Promise<Properties | null> => {
  const answer = await calls('POST', action, body)
  return ((answer?.[set] ?? []) as Properties[])[0] ?? null
}

const until = async (is: () => Promise<boolean>): Promise<void> => {
  while (!(await is())) await new Promise((again) => setTimeout(again, 50))
}

const stays: Resource['update'] = async (_calls, _id, _inputs, changed) => refuseChange(changed, [])

const eip: Resource = {
  replaces: ['domain'],
  inputs: ['domain', 'tags'],
  create: async (calls, { domain, tags }) => String((await done(calls, 'AllocateAddress', { Domain: domain, ...tagged('elastic-ip', tags) }))['allocationId']),
  read: async (calls, id) => {
    const found = await described(calls, 'DescribeAddresses', { AllocationId: [id] }, 'addressesSet')
    return found && { allocationId: id, publicIp: found['publicIp'], domain: found['domain'], ...tagsSaid(found) }
  },
  update: stays,
  delete: async (calls, id) => void (await done(calls, 'ReleaseAddress', { AllocationId: id })),
}

const volume: Resource = {
  replaces: ['availabilityZone', 'encrypted'],
  inputs: ['availabilityZone', 'size', 'type', 'encrypted', 'tags'],
  create: async (calls, { availabilityZone, size, type, encrypted, tags }) =>
    String((await done(calls, 'CreateVolume', { AvailabilityZone: availabilityZone, Size: size, VolumeType: type, Encrypted: encrypted, ...tagged('volume', tags) }))['volumeId']),
  read: async (calls, id) => {
    const found = await described(calls, 'DescribeVolumes', { VolumeId: [id] }, 'volumeSet')
    return found && { availabilityZone: found['availabilityZone'], size: Number(found['size']), type: found['volumeType'], encrypted: found['encrypted'] === 'true', ...tagsSaid(found) }
  },
  update: stays,
  delete: async (calls, id) => void (await done(calls, 'DeleteVolume', { VolumeId: id })),
}

const anywhere = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }

const securityGroup: Resource = {
  replaces: ['name', 'description', 'vpcId'],
  inputs: ['name', 'description', 'tags'],
  create: async (calls, { name, description, tags }) => {
    const id = String((await done(calls, 'CreateSecurityGroup', { GroupName: name, GroupDescription: description, ...tagged('security-group', tags) }))['groupId'])
    // Amazon lets everything out of a new group, and the plugin takes that away.
    await done(calls, 'RevokeSecurityGroupEgress', { GroupId: id, IpPermissions: [anywhere] })
    return id
  },
  read: async (calls, id) => {
    const found = await described(calls, 'DescribeSecurityGroups', { GroupId: [id] }, 'securityGroupInfo')
    return found && { name: found['groupName'], description: found['groupDescription'], ...tagsSaid(found) }
  },
  update: stays,
  delete: async (calls, id) => void (await done(calls, 'DeleteSecurityGroup', { GroupId: id })),
}

const rule = (way: 'Ingress' | 'Egress'): Resource => ({
  replaces: ['securityGroupId'],
  inputs: ['securityGroupId', 'ipProtocol', 'fromPort', 'toPort', 'cidrIpv4', 'cidrIpv6', 'tags'],
  create: async (calls, { securityGroupId, ipProtocol, fromPort, toPort, cidrIpv4, cidrIpv6, tags }) => {
    const ranges = cidrIpv6 ? { Ipv6Ranges: [{ CidrIpv6: cidrIpv6 }] } : { IpRanges: [{ CidrIp: cidrIpv4 }] }
    const body = { GroupId: securityGroupId, IpPermissions: [{ IpProtocol: ipProtocol, FromPort: fromPort, ToPort: toPort, ...ranges }], ...tagged('security-group-rule', tags) }
    const [made] = (await done(calls, `AuthorizeSecurityGroup${way}`, body))['securityGroupRuleSet'] as Properties[]
    return String(made!['securityGroupRuleId'])
  },
  read: async (calls, id) => {
    const found = await described(calls, 'DescribeSecurityGroupRules', { SecurityGroupRuleId: [id] }, 'securityGroupRuleSet')
    return found && { securityGroupRuleId: id, securityGroupId: found['groupId'], ipProtocol: found['ipProtocol'] }
  },
  update: stays,
  delete: async (calls, id, { securityGroupId }) => void (await done(calls, `RevokeSecurityGroup${way}`, { GroupId: securityGroupId, SecurityGroupRuleId: [id] })),
})

const instanceSaid = async (calls: Calls, id: string): Promise<Properties | null> => {
  const reservation = await described(calls, 'DescribeInstances', { InstanceId: [id] }, 'reservationSet')
  const [found] = (reservation?.['instancesSet'] ?? []) as Properties[]
  return found && stateOf(found) !== 'terminated' ? found : null
}
const stateOf = (found: Properties | null): unknown => (found?.['instanceState'] as Properties | undefined)?.['name']

const instance: Resource = {
  replaces: ['ami', 'availabilityZone', 'userData'],
  inputs: ['ami', 'instanceType', 'availabilityZone', 'vpcSecurityGroupIds', 'tags'],
  create: async (calls, { ami, instanceType, availabilityZone, vpcSecurityGroupIds, userData, tags }) => {
    const place = { Placement: { AvailabilityZone: availabilityZone }, SecurityGroupId: vpcSecurityGroupIds, UserData: Buffer.from(String(userData ?? '')).toString('base64') }
    const [made] = (await done(calls, 'RunInstances', { ImageId: ami, InstanceType: instanceType, MinCount: 1, MaxCount: 1, ...place, ...tagged('instance', tags) }))['instancesSet'] as Properties[]
    const id = String(made!['instanceId'])
    await until(async () => stateOf(await instanceSaid(calls, id)) === 'running')
    return id
  },
  read: async (calls, id) => {
    const found = await instanceSaid(calls, id)
    return found && { ami: found['imageId'], instanceType: found['instanceType'], instanceState: stateOf(found), privateIp: found['privateIpAddress'], ...tagsSaid(found) }
  },
  update: stays,
  delete: async (calls, id) => {
    await done(calls, 'TerminateInstances', { InstanceId: [id] })
    await until(async () => (await instanceSaid(calls, id)) === null)
  },
}

/** Its id is `INSTANCE:VOLUME`. */
const volumeAttachment: Resource = {
  replaces: ['deviceName', 'instanceId', 'volumeId'],
  inputs: ['deviceName', 'instanceId', 'volumeId'],
  create: async (calls, { deviceName, instanceId, volumeId }) => {
    await done(calls, 'AttachVolume', { VolumeId: volumeId, InstanceId: instanceId, Device: deviceName })
    return `${String(instanceId)}:${String(volumeId)}`
  },
  read: async (calls, id) => {
    const [instanceId, volumeId] = id.split(':')
    const found = await described(calls, 'DescribeVolumes', { VolumeId: [volumeId] }, 'volumeSet')
    const held = ((found?.['attachmentSet'] ?? []) as Properties[]).find((each) => each['instanceId'] === instanceId)
    return held ? { instanceId, volumeId, deviceName: held['device'] } : null
  },
  update: stays,
  delete: async (calls, _id, { deviceName, instanceId, volumeId }) => void (await done(calls, 'DetachVolume', { VolumeId: volumeId, InstanceId: instanceId, Device: deviceName })),
}

const eipAssociation: Resource = {
  replaces: ['allocationId', 'instanceId'],
  inputs: ['allocationId', 'instanceId'],
  create: async (calls, { allocationId, instanceId }) => String((await done(calls, 'AssociateAddress', { AllocationId: allocationId, InstanceId: instanceId, AllowReassociation: true }))['associationId']),
  read: async (calls, id) => {
    const found = await described(calls, 'DescribeAddresses', { Filter: [{ Name: 'association-id', Value: [id] }] }, 'addressesSet')
    return found && { allocationId: found['allocationId'], instanceId: found['instanceId'], publicIp: found['publicIp'] }
  },
  update: stays,
  delete: async (calls, id) => void (await done(calls, 'DisassociateAddress', { AssociationId: id })),
}

const modules: Record<string, Record<string, Resource>> = {
  ec2: { Eip: eip, EipAssociation: eipAssociation, Instance: instance, SecurityGroup: securityGroup, VolumeAttachment: volumeAttachment },
  ebs: { Volume: volume },
  vpc: { SecurityGroupIngressRule: rule('Ingress'), SecurityGroupEgressRule: rule('Egress') },
}

export const cloud: Cloud = {
  configure: async (endpoint, env, { region }) => {
    if (!env['AWS_ACCESS_KEY_ID'] || !env['AWS_SECRET_ACCESS_KEY']) throw new Error('No valid credential sources found')
    await queryCalls(endpoint, String(region), 'sts', '2011-06-15')('POST', 'GetCallerIdentity')
    return queryCalls(endpoint, String(region), 'ec2', '2016-11-15')
  },
  resources: Object.assign({}, ...Object.entries(modules).map(([name, resources]) => byType('aws', resources, name))) as Cloud['resources'],
}
