import { afterEach, beforeEach, expect, it } from 'vitest'
import { startSimDigitalOcean, type SimDigitalOcean } from '../../../src/demo/sim-digitalocean.ts'
import { until } from '../../lab/wait.ts'
import { answers, asks, faultsIn, refused, said, token, type Ask } from './sim-lab.ts'

const sitePort = 8432
const tags = ['lifeboat-app:shop', 'lifeboat-site:do']
let sim: SimDigitalOcean
let ask: Ask

beforeEach(async () => {
  sim = await startSimDigitalOcean({ tokens: [token], sitePort, actionMs: 5 })
  const plain = asks(sim.url)
  ask = (method, path, ...more) => plain(method, `/v2${path}`, ...more)
})

afterEach(async () => {
  await sim.stop()
  expect(faultsIn('digitalocean.json', sim.exchanges)).toEqual([])
})

const ended = (id: number) => until(`the end of action ${id}`, async () => (({ action }) => (action.status === 'in-progress' ? null : action))((await ask('GET', `/actions/${id}`)).body))

const act = async (path: string, body: unknown) => {
  const answer = await ask('POST', `${path}/actions`, body)
  if (answer.status < 300) expect((await ended(answer.body.action.id)).status).toBe('completed')
  return answer
}

const newDroplet = async (more = {}) => {
  const answer = await ask('POST', '/droplets', { name: 'shop', region: 'fra1', size: 's-2vcpu-4gb', image: 'ubuntu-24-04-x64', ipv6: true, tags, user_data: '#cloud-config\n', ...more })
  if (answer.status === 202) await ended(answer.body.links.actions[0].id)
  return answer
}

it('a droplet with a reserved address, a volume and a firewall is made, found and deleted', async () => {
  const { body: { reserved_ip: { ip } } } = await ask('POST', '/reserved_ips', { region: 'fra1' })
  const { body: { volume } } = await ask('POST', '/volumes', { name: 'shop', region: 'fra1', size_gigabytes: 40, tags })
  const { body: key } = await ask('POST', '/account/keys', { name: 'ops', public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ops' })
  const { status, body } = await newDroplet({ ssh_keys: [key.ssh_key.fingerprint], volumes: [volume.id] })
  expect([status, body.droplet.status, body.droplet.networks, body.links.actions[0].rel]).toEqual([202, 'new', { v4: [], v6: [] }, 'create'])
  const id = body.droplet.id
  const rules = { inbound_rules: [{ protocol: 'tcp', ports: '443', sources: { addresses: ['0.0.0.0/0', '::/0'] } }], outbound_rules: [{ protocol: 'icmp', ports: '0', destinations: { addresses: ['0.0.0.0/0'] } }] }
  const { body: { firewall } } = await ask('POST', '/firewalls', { name: 'shop', droplet_ids: [id], ...rules })
  expect(firewall).toMatchObject({ name: 'shop', droplet_ids: [id], ...rules })

  const { droplet } = (await ask('GET', `/droplets/${id}`)).body
  expect(droplet).toMatchObject({ status: 'active', locked: false, volume_ids: [volume.id], tags, memory: 4096, vcpus: 2, region: { slug: 'fra1' } })
  const own = droplet.networks.v4.find((each: any) => each.type === 'public').ip_address
  await answers(own, sitePort, 'do: ok from do')
  await answers(`[${droplet.networks.v6[0].ip_address}]`, sitePort, 'do: ok from do')
  expect(await said(ip, sitePort)).toBeNull()
  await act(`/reserved_ips/${ip}`, { type: 'assign', droplet_id: id })
  expect(await said(ip, sitePort)).toBe('do: ok from do')
  expect((await ask('GET', `/reserved_ips/${ip}`)).body.reserved_ip.droplet.id).toBe(id)
  expect((await ask('GET', '/reserved_ips')).body.reserved_ips).toMatchObject([{ ip }])
  expect((await ask('GET', `/droplets?tag_name=lifeboat-site%3Ado`)).body.droplets).toHaveLength(1)
  expect((await ask('GET', '/tags')).body.tags.map((each: any) => [each.name, each.resources.count])).toEqual(tags.map((name) => [name, 2]))
  expect((await ask('GET', `/droplets/${id}/actions`)).body.actions.map((each: any) => each.type)).toEqual(['assign_ip', 'create'])

  refused(await ask('DELETE', `/reserved_ips/${ip}`), 422, 'unprocessable_entity')
  refused(await ask('DELETE', `/volumes/${volume.id}`), 409, 'conflict')
  expect((await ask('DELETE', `/droplets/${id}`)).status).toBe(204)
  await answers(own, sitePort, null)
  await answers(ip, sitePort, null)
  refused(await ask('GET', `/droplets/${id}`), 404, 'not_found')
  expect((await ask('GET', `/reserved_ips/${ip}`)).body.reserved_ip.droplet).toBeNull()
  for (const path of [`/reserved_ips/${ip}`, `/volumes/${volume.id}`, `/firewalls/${firewall.id}`, `/account/keys/${key.ssh_key.id}`]) {
    expect((await ask('DELETE', path)).status).toBe(204)
    refused(await ask('GET', path), 404, 'not_found')
  }
})

it('a reserved address moves to another droplet, and goes where it is told, of both families', async () => {
  const { body: first } = await newDroplet()
  const { body: other } = await newDroplet({ name: 'other', tags: ['lifeboat-site:other'] })
  const { body: { reserved_ipv6: { ip } } } = await ask('POST', '/reserved_ipv6', { region_slug: 'fra1' })
  const { body: v4 } = await ask('POST', '/reserved_ips', { droplet_id: first.droplet.id })
  await ended(v4.links.actions[0].id)
  for (const [path, host] of [[`/reserved_ipv6/${ip}`, `[${ip}]`], [`/reserved_ips/${v4.reserved_ip.ip}`, v4.reserved_ip.ip]] as const) {
    await act(path, { type: 'assign', droplet_id: first.droplet.id })
    expect(await said(host, sitePort)).toBe('do: ok from do')
    await act(path, { type: 'assign', droplet_id: other.droplet.id })
    expect(await said(host, sitePort)).toBe('other: ok from other')
  }
  refused(await ask('DELETE', `/reserved_ipv6/${ip}`), 400, 'bad_request')
  await act(`/reserved_ipv6/${ip}`, { type: 'unassign' })
  expect(await said(`[${ip}]`, sitePort)).toBeNull()
  refused(await act(`/reserved_ipv6/${ip}`, { type: 'unassign' }), 422, 'unprocessable_entity')
  expect((await ask('GET', '/reserved_ipv6')).body.reserved_ipv6s).toMatchObject([{ ip, droplet: null }])
  expect((await ask('DELETE', `/reserved_ipv6/${ip}`)).status).toBe(204)
})

it('power, another size, another name', async () => {
  const { body } = await newDroplet()
  const path = `/droplets/${body.droplet.id}`
  const own = (await ask('GET', path)).body.droplet.networks.v4[0].ip_address
  refused(await act(path, { type: 'resize', size: 's-4vcpu-8gb' }), 422, 'unprocessable_entity')
  await act(path, { type: 'shutdown' })
  expect(await said(own, sitePort)).toBeNull()
  expect((await ask('GET', path)).body.droplet.status).toBe('off')
  await act(path, { type: 'resize', size: 's-4vcpu-8gb' })
  await act(path, { type: 'rename', name: 'store' })
  await act(path, { type: 'power_on' })
  expect((await ask('GET', path)).body.droplet).toMatchObject({ status: 'active', name: 'store', size_slug: 's-4vcpu-8gb' })
  expect(await said(own, sitePort)).toBe('do: ok from do')
})

it('a volume is attached once, to a droplet of its region, and grows', async () => {
  const { body: { droplet } } = await newDroplet()
  const { body: { volume } } = await ask('POST', '/volumes', { name: 'shop', region: 'fra1', size_gigabytes: 10 })
  const { body: far } = await ask('POST', '/volumes', { name: 'shop', region: 'nyc1', size_gigabytes: 10 })
  refused(await ask('POST', '/volumes', { name: 'shop', region: 'fra1', size_gigabytes: 10 }), 409, 'conflict')
  const path = `/volumes/${volume.id}`
  await act(path, { type: 'attach', droplet_id: droplet.id, region: 'fra1' })
  refused(await act(path, { type: 'attach', droplet_id: droplet.id }), 422, 'unprocessable_entity')
  refused(await act(`/volumes/${far.volume.id}`, { type: 'attach', droplet_id: droplet.id }), 422, 'unprocessable_entity')
  await act(path, { type: 'resize', size_gigabytes: 20 })
  expect((await ask('GET', path)).body.volume).toMatchObject({ droplet_ids: [droplet.id], size_gigabytes: 20 })
  await act(path, { type: 'detach', droplet_id: droplet.id })
  expect((await ask('GET', '/volumes')).body.volumes.map((each: any) => each.droplet_ids)).toEqual([[], []])
})

it('a firewall is replaced as a whole, and takes droplets in and lets them go', async () => {
  const { body: { droplet } } = await newDroplet()
  const rule = { protocol: 'tcp', ports: '22', sources: { addresses: ['127.0.0.1/32'] } }
  const { body: { firewall } } = await ask('POST', '/firewalls', { name: 'shop', inbound_rules: [rule], tags: ['lifeboat-app:shop'] })
  refused(await ask('POST', '/firewalls', { name: 'shop', inbound_rules: [rule] }), 409, 'conflict')
  const path = `/firewalls/${firewall.id}`
  expect((await ask('POST', `${path}/droplets`, { droplet_ids: [droplet.id] })).status).toBe(204)
  expect((await ask('GET', path)).body.firewall.droplet_ids).toEqual([droplet.id])
  expect((await ask('DELETE', `${path}/droplets`, { droplet_ids: [droplet.id] })).status).toBe(204)
  expect((await ask('PUT', path, { name: 'walls', inbound_rules: [rule] })).body.firewall).toMatchObject({ name: 'walls', droplet_ids: [], tags: [], outbound_rules: [] })
  expect((await ask('GET', '/firewalls')).body.firewalls).toHaveLength(1)
})

it('one thing at a time is done with a droplet', async () => {
  sim.state.actionMs = 600_000
  const { body } = await ask('POST', '/droplets', { name: 'shop', region: 'fra1', size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' })
  const path = `/droplets/${body.droplet.id}`
  refused(await act(path, { type: 'power_off' }), 422, 'unprocessable_entity')
  refused(await ask('DELETE', path), 422, 'unprocessable_entity')
  expect((await ask('GET', `/actions/${body.links.actions[0].id}`)).body.action).toMatchObject({ status: 'in-progress', completed_at: null })
})

it('no capacity, no such size or region, too many droplets', async () => {
  sim.set({ soldOut: ['s-2vcpu-4gb@fra1', 's-4vcpu-8gb'] })
  refused(await newDroplet(), 422, 'unprocessable_entity')
  refused(await newDroplet({ size: 's-4vcpu-8gb', region: 'nyc1' }), 422, 'unprocessable_entity')
  refused(await newDroplet({ size: 'big' }), 422, 'unprocessable_entity')
  refused(await newDroplet({ region: 'mars' }), 422, 'unprocessable_entity')
  expect((await ask('GET', '/droplets')).body).toMatchObject({ droplets: [], meta: { total: 0 } })
  sim.set({ droplets: Array.from({ length: 25 }, (_, id) => ({ id: id + 1, addresses: [] })) })
  expect((await newDroplet({ region: 'nyc1' })).body.message).toMatch(/droplet limit/)
})

it('a revoked token and a locked account change nothing; a locked account is still read', async () => {
  refused(await ask('POST', '/tags', { name: 'x' }, 'another'), 401, 'Unauthorized')
  sim.set({ account: 'locked' })
  refused(await newDroplet(), 403, 'Forbidden')
  expect((await ask('GET', '/account')).body.account.status).toBe('locked')
  sim.set({ account: 'active' })
  sim.script('POST /v2/droplets', () => ({ status: 500, body: { id: 'server_error', message: 'Unexpected server-side error' } }))
  expect([(await newDroplet()).status, (await newDroplet()).status]).toEqual([500, 202])
  expect((await ask('POST', '/tags', { name: 'x' })).body.tag).toMatchObject({ name: 'x', resources: { count: 0 } })
})

it('a tag is there before what has it, is put on and taken off, and goes', async () => {
  expect((await ask('POST', '/tags', { name: 'shop' })).status).toBe(201)
  const { body: { droplet } } = await newDroplet({ tags: ['shop'] })
  const { body: { volume } } = await ask('POST', '/volumes', { name: 'shop', region: 'fra1', size_gigabytes: 10 })
  const resources = [{ resource_id: volume.id, resource_type: 'volume' }]
  expect((await ask('POST', '/tags/shop/resources', { resources })).status).toBe(204)
  expect((await ask('GET', '/tags/shop')).body.tag.resources).toMatchObject({ count: 2, droplets: { count: 1 } })
  expect((await ask('DELETE', '/tags/shop/resources', { resources: [{ resource_id: `${droplet.id}`, resource_type: 'droplet' }] })).status).toBe(204)
  expect((await ask('GET', `/volumes/${volume.id}`)).body.volume.tags).toEqual(['shop'])
  expect((await ask('DELETE', '/tags/shop')).status).toBe(204)
  refused(await ask('GET', '/tags/shop'), 404, 'not_found')
  expect((await ask('GET', `/volumes/${volume.id}`)).body.volume.tags).toEqual([])
})
