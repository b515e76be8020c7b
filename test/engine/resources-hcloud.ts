// Hetzner's types, as far as stacks/hetzner.ts and its tests use them. What replaces what: terraform-provider-hcloud 1.66, 2026-11.
import { bearerCalls, byType, part, refuseChange, type Calls, type Cloud, type Properties, type Resource } from './resources.ts'

/** Waits until everything that the answer set going is done, as the real plugin does. */
const settle = async (calls: Calls, answer: Properties | null): Promise<void> => {
  const begun = [answer?.['action'], ...((answer?.['next_actions'] ?? answer?.['actions'] ?? []) as unknown[])].filter(Boolean) as { id: number }[]
  for (const { id } of begun) {
    for (;;) {
      const action = part(await calls('GET', `/actions/${id}`), 'action')
      if (action['status'] === 'error') throw new Error(`${JSON.stringify(action['error'])} (${String(action['command'])})`)
      if (action['status'] === 'success') break
      await new Promise((again) => setTimeout(again, 50))
    }
  }
}

const did = async (calls: Calls, path: string, body?: Properties): Promise<void> => settle(calls, await calls('POST', path, body))

const created = async (calls: Calls, path: string, key: string, body: Properties): Promise<string> => {
  const answer = await calls('POST', path, body)
  await settle(calls, answer)
  return String(part(answer, key)['id'])
}

const remove = (path: string): Resource['delete'] => async (calls, id) => settle(calls, await calls('DELETE', `${path}/${id}`))

const named = (inputs: Properties): Properties => ({ name: inputs['name'], labels: inputs['labels'] ?? {} })
const locationOf = (found: Properties): unknown => part(found, 'location')['name']

const publicNet = (inputs: Properties): Properties => {
  const [net] = (inputs['publicNets'] ?? []) as Record<'ipv4Enabled' | 'ipv6Enabled' | 'ipv4' | 'ipv6', unknown>[]
  if (!net) return {}
  const { ipv4Enabled = true, ipv6Enabled = true, ipv4, ipv6 } = net
  return { public_net: { enable_ipv4: ipv4Enabled, enable_ipv6: ipv6Enabled, ...(ipv4 ? { ipv4: Number(ipv4) } : {}), ...(ipv6 ? { ipv6: Number(ipv6) } : {}) } }
}

const server: Resource = {
  named: true,
  replaces: ['image', 'location', 'userData', 'sshKeys'],
  inputs: ['name', 'serverType', 'image', 'location', 'labels', 'publicNets', 'firewallIds'],
  create: (calls, inputs) =>
    created(calls, '/servers', 'server', {
      ...named(inputs), ...publicNet(inputs), server_type: inputs['serverType'], image: inputs['image'], location: inputs['location'], ssh_keys: inputs['sshKeys'], user_data: inputs['userData'],
      firewalls: ((inputs['firewallIds'] ?? []) as unknown[]).map((id) => ({ firewall: Number(id) })),
    }),
  read: async (calls, id) => {
    const answer = await calls('GET', `/servers/${id}`)
    if (!answer) return null
    const found = part(answer, 'server')
    const { ipv4, ipv6, firewalls } = part(found, 'public_net') as { ipv4: { id: number; ip: string } | null; ipv6: { id: number; ip: string } | null; firewalls: { id: number }[] }
    const network = ipv6?.ip ?? ''
    const net = { ipv4Enabled: ipv4 !== null, ...(ipv4 && { ipv4: ipv4.id }), ipv6Enabled: ipv6 !== null, ...(ipv6 && { ipv6: ipv6.id }) }
    return {
      name: found['name'], labels: found['labels'], status: found['status'], location: locationOf(found), serverType: part(found, 'server_type')['name'],
      ipv4Address: ipv4?.ip ?? '', ipv6Network: network, ipv6Address: network.replace(/::\/64$/, '::1'), image: part(found, 'image')['name'],
      publicNets: [net], firewallIds: firewalls.map(({ id: of }) => of),
    }
  },
  update: async (calls, id, inputs, changed) => {
    refuseChange(changed, ['name', 'labels', 'shutdownBeforeDeletion', 'deleteProtection', 'ignoreRemoteFirewallIds'])
    await calls('PUT', `/servers/${id}`, named(inputs))
  },
  delete: remove('/servers'),
}

const primaryIp: Resource = {
  named: true,
  replaces: ['type', 'location', 'assigneeType'],
  inputs: ['name', 'type', 'location', 'autoDelete', 'labels'],
  create: (calls, inputs) => {
    if ((inputs['location'] === undefined) === (inputs['assigneeId'] === undefined)) throw new Error('exactly one of location and assigneeId is needed')
    const { assigneeType = 'server', autoDelete = false, type, location, assigneeId } = inputs
    return created(calls, '/primary_ips', 'primary_ip', { ...named(inputs), type, location, assignee_type: assigneeType, auto_delete: autoDelete, ...(assigneeId ? { assignee_id: Number(assigneeId) } : {}) })
  },
  read: async (calls, id) => {
    const answer = await calls('GET', `/primary_ips/${id}`)
    if (!answer) return null
    const found = part(answer, 'primary_ip')
    const { name, labels, type, ip, auto_delete: autoDelete, assignee_type: assigneeType, assignee_id: assignee } = found
    const v6 = type === 'ipv6'
    return { name, labels, type, autoDelete, assigneeType, assigneeId: assignee ?? 0, location: locationOf(found), ipAddress: v6 ? String(ip).replace(/::(\/64)?$/, '::1') : ip, ...(v6 ? { ipNetwork: ip } : {}) }
  },
  update: async (calls, id, inputs, changed) => {
    refuseChange(changed, ['name', 'labels', 'autoDelete', 'deleteProtection'])
    await calls('PUT', `/primary_ips/${id}`, { ...named(inputs), auto_delete: inputs['autoDelete'] ?? false })
  },
  delete: remove('/primary_ips'),
}

type Rule = { direction: string; protocol: string; port?: string; sourceIps?: string[]; destinationIps?: string[]; description?: string }
const rulesOf = (inputs: Properties): Properties[] =>
  ((inputs['rules'] ?? []) as Rule[]).map(({ direction, protocol, port, sourceIps = [], destinationIps = [], description }) => ({ direction, protocol, port, description, source_ips: sourceIps, destination_ips: destinationIps }))

const rulesSaid = (found: Properties): Rule[] =>
  (found['rules'] as (Properties & Pick<Rule, 'direction' | 'protocol'>)[]).map(({ direction, protocol, port, source_ips: sourceIps }) => ({ direction, protocol, ...(port ? { port: String(port) } : {}), sourceIps: sourceIps as string[] }))

const firewall: Resource = {
  named: true,
  replaces: [],
  inputs: ['name', 'labels', 'rules'],
  create: (calls, inputs) => created(calls, '/firewalls', 'firewall', { ...named(inputs), rules: rulesOf(inputs) }),
  read: async (calls, id) => {
    const answer = await calls('GET', `/firewalls/${id}`)
    if (!answer) return null
    const found = part(answer, 'firewall')
    return { name: found['name'], labels: found['labels'], rules: rulesSaid(found) }
  },
  update: async (calls, id, inputs, changed) => {
    refuseChange(changed, ['name', 'labels', 'rules'])
    if (changed.includes('rules')) await did(calls, `/firewalls/${id}/actions/set_rules`, { rules: rulesOf(inputs) })
    await calls('PUT', `/firewalls/${id}`, named(inputs))
  },
  delete: remove('/firewalls'),
}

const volume: Resource = {
  named: true,
  replaces: ['location', 'format', 'size'],
  inputs: ['name', 'labels', 'size', 'location', 'format'],
  create: (calls, { size, location, format, ...inputs }) => created(calls, '/volumes', 'volume', { ...named(inputs), size, location, format }),
  read: async (calls, id) => {
    const answer = await calls('GET', `/volumes/${id}`)
    if (!answer) return null
    const found = part(answer, 'volume')
    const { name, labels, size, linux_device: linuxDevice, format } = found
    return { name, labels, size, linuxDevice, location: locationOf(found), ...(format ? { format } : {}) }
  },
  update: async (calls, id, inputs, changed) => {
    refuseChange(changed, ['name', 'labels', 'deleteProtection'])
    await calls('PUT', `/volumes/${id}`, named(inputs))
  },
  delete: remove('/volumes'),
}

/** Its id is the volume's. */
const volumeAttachment: Resource = {
  replaces: ['volumeId', 'serverId'],
  inputs: ['volumeId', 'serverId'],
  create: async (calls, { volumeId, serverId, automount = false }) => {
    await did(calls, `/volumes/${Number(volumeId)}/actions/attach`, { server: Number(serverId), automount })
    return String(volumeId)
  },
  read: async (calls, id) => {
    const answer = await calls('GET', `/volumes/${id}`)
    const serverId = answer && part(answer, 'volume')['server']
    return serverId ? { volumeId: Number(id), serverId } : null
  },
  update: async (_calls, _id, _inputs, changed) => refuseChange(changed, ['automount']),
  delete: async (calls, id) => {
    const answer = await calls('GET', `/volumes/${id}`)
    if (answer && part(answer, 'volume')['server'] !== null) await did(calls, `/volumes/${id}/actions/detach`)
  },
}

const sshKey: Resource = {
  named: true,
  replaces: ['publicKey'],
  inputs: ['name', 'publicKey', 'labels'],
  create: (calls, inputs) => created(calls, '/ssh_keys', 'ssh_key', { ...named(inputs), public_key: inputs['publicKey'] }),
  read: async (calls, id) => {
    const answer = await calls('GET', `/ssh_keys/${id}`)
    return answer && (({ name, labels, fingerprint, public_key: publicKey }) => ({ name, labels, fingerprint, publicKey }))(part(answer, 'ssh_key'))
  },
  update: async (calls, id, inputs) => void (await calls('PUT', `/ssh_keys/${id}`, named(inputs))),
  delete: remove('/ssh_keys'),
}

export const cloud: Cloud = {
  configure: async (endpoint, env) => {
    const token = env['HCLOUD_TOKEN']
    if (!token) throw new Error('HCLOUD_TOKEN is not set')
    return bearerCalls(endpoint, token, (_asked, _status, body) => {
      const { message, code } = (body['error'] ?? {}) as Record<string, string>
      return `${message} (${code})`
    })
  },
  resources: byType('hcloud', { Server: server, PrimaryIp: primaryIp, Firewall: firewall, Volume: volume, VolumeAttachment: volumeAttachment, SshKey: sshKey }),
}
