import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { noCapacity } from '../../../src/demo/hetzner/bodies.ts'
import { startSimHetzner, type SimHetzner } from '../../../src/demo/sim-hetzner.ts'
import { until } from '../../lab/wait.ts'
import { answers, asks, faultsIn, refused, said, token, type Ask } from './sim-lab.ts'

const sitePort = 8431
const labels = { 'lifeboat-app': 'shop', 'lifeboat-site': 'hetzner' }
let sim: SimHetzner
let ask: Ask

beforeEach(async () => {
  sim = await startSimHetzner({ tokens: [token], sitePort, actionMs: 5 })
  ask = asks(sim.url)
})

afterEach(async () => {
  await sim.stop()
  expect(faultsIn('hetzner.json', sim.exchanges)).toEqual([])
})

const ended = (id: number) => until(`the end of action ${id}`, async () => (await ask('GET', `/actions?id=${id}`)).body.actions.find((each: any) => each.status !== 'running'))

const newIp = async (name = 'shop', more = {}) => (await ask('POST', '/primary_ips', { name, type: 'ipv4', assignee_type: 'server', location: 'fsn1', auto_delete: false, labels, ...more })).body.primary_ip

const newServer = async (more = {}) => {
  const answer = await ask('POST', '/servers', { name: 'shop', server_type: 'cx23', image: 'ubuntu-24.04', location: 'fsn1', labels, ssh_keys: ['ops'], user_data: '#cloud-config\n', ...more })
  for (const action of answer.body.next_actions ?? []) await ended(action.id)
  return answer
}

it('a server with address, disk and firewall is made, found and deleted', async () => {
  const ip = await newIp()
  const { body: disk } = await ask('POST', '/volumes', { name: 'shop', size: 40, location: 'fsn1', labels })
  const { body: wall } = await ask('POST', '/firewalls', { name: 'shop', labels, rules: [{ direction: 'in', protocol: 'tcp', port: '443', source_ips: ['0.0.0.0/0', '::/0'] }] })
  const { body: key } = await ask('POST', '/ssh_keys', { name: 'ops', public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ops' })
  expect(key.ssh_key.fingerprint).toMatch(/^(..:){15}..$/)
  const { status, body } = await newServer({ public_net: { enable_ipv4: true, enable_ipv6: false, ipv4: ip.id }, volumes: [disk.volume.id], firewalls: [{ firewall: wall.firewall.id }] })
  expect([status, body.server.status, body.action.status, body.root_password]).toEqual([201, 'initializing', 'running', null])

  const { body: found } = await ask('GET', `/servers?label_selector=lifeboat-app%3D%3Dshop`)
  expect(found.servers).toMatchObject([{ id: body.server.id, status: 'running', locked: false, volumes: [disk.volume.id], public_net: { ipv4: { id: ip.id, ip: ip.ip }, ipv6: null, firewalls: [{ id: wall.firewall.id }] } }])
  expect(await said(ip.ip, sitePort)).toBe('hetzner: ok from hetzner')
  expect((await ask('GET', `/servers/${body.server.id}/actions`)).body.actions.map((each: any) => each.command)).toEqual(['create_server', 'attach_volume', 'start_server'])

  expect((await ask('DELETE', `/servers/${body.server.id}`)).status).toBe(200)
  await answers(ip.ip, sitePort, null)
  refused(await ask('GET', `/servers/${body.server.id}`), 404, 'not_found')
  expect((await ask('GET', `/primary_ips/${ip.id}`)).body.primary_ip).toMatchObject({ assignee_id: null, ip: ip.ip })
  for (const path of [`/primary_ips/${ip.id}`, `/volumes/${disk.volume.id}`, `/firewalls/${wall.firewall.id}`, `/ssh_keys/${key.ssh_key.id}`]) expect((await ask('DELETE', path)).status).toBe(204)
})

it('a server without addresses of its own gets new ones, which go with it', async () => {
  const { body } = await newServer({ name: 'bare' })
  const { ipv4, ipv6 } = (await ask('GET', `/servers/${body.server.id}`)).body.server.public_net
  await answers(ipv4.ip, sitePort, 'hetzner: ok from hetzner')
  await answers(`[${ipv6.ip}]`, sitePort, 'hetzner: ok from hetzner')
  expect(sim.machines.running()).toMatchObject([{ site: 'hetzner', addresses: [ipv4.ip, ipv6.ip] }])
  await ask('DELETE', `/servers/${body.server.id}`)
  expect((await ask('GET', '/primary_ips')).body.primary_ips).toEqual([])
})

it('nothing that it has booted outlives it', async () => {
  await newServer()
  const [machine] = sim.machines.running()
  expect(process.kill(machine!.pid, 0)).toBe(true)
  await sim.stop()
  expect(() => process.kill(machine!.pid, 0)).toThrow('ESRCH')
})

it('whoever leaves in the middle of a request harms nobody', async () => {
  const gone = connect(Number(new URL(sim.url).port), '127.0.0.1')
  gone.write(`POST /v1/servers HTTP/1.1\r\nHost: sim.example\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{`)
  await once(gone, 'connect')
  gone.destroy()
  expect((await ask('GET', '/servers')).body.servers).toEqual([])
  expect(sim.exchanges).toHaveLength(1)
})

it('power off and on, another type, protection', async () => {
  const ip = await newIp()
  const { body: { server } } = await newServer({ public_net: { ipv4: ip.id, enable_ipv6: false } })
  const act = async (command: string, body?: unknown) => {
    const answer = await ask('POST', `/servers/${server.id}/actions/${command}`, body)
    if (answer.status === 201) await ended(answer.body.action.id)
    return answer
  }
  refused(await act('change_type', { server_type: 'cx33', upgrade_disk: false }), 422, 'server_not_stopped')
  await act('poweroff')
  expect(await said(ip.ip, sitePort)).toBeNull()
  await act('change_type', { server_type: 'cx33', upgrade_disk: false })
  await act('poweron')
  expect(await said(ip.ip, sitePort)).toBe('hetzner: ok from hetzner')
  expect((await ask('GET', `/servers/${server.id}`)).body.server).toMatchObject({ status: 'running', server_type: { name: 'cx33' } })
  await act('change_protection', { delete: true, rebuild: true })
  refused(await ask('DELETE', `/servers/${server.id}`), 423, 'protected')
  await act('change_protection', { delete: false, rebuild: false })
  await act('shutdown')
  expect((await ask('DELETE', `/servers/${server.id}`)).status).toBe(200)
})

it('an address moves from one server to another while both are off', async () => {
  const ip = await newIp()
  const { body: first } = await newServer({ public_net: { ipv4: ip.id, enable_ipv6: false } })
  const { body: other } = await newServer({ name: 'other', public_net: { enable_ipv4: false, enable_ipv6: false }, start_after_create: false, labels: { 'lifeboat-site': 'other' } })
  await ended(other.action.id)
  const act = async (path: string, body?: unknown) => {
    const answer = await ask('POST', path, body)
    if (answer.status === 201) await ended(answer.body.action.id)
    return answer
  }
  const assign = () => act(`/primary_ips/${ip.id}/actions/assign`, { assignee_id: other.server.id, assignee_type: 'server' })
  refused(await assign(), 422, 'primary_ip_already_assigned')
  refused(await ask('DELETE', `/primary_ips/${ip.id}`), 422, 'must_be_unassigned')
  refused(await act(`/primary_ips/${ip.id}/actions/unassign`), 422, 'server_not_stopped')
  await act(`/servers/${first.server.id}/actions/poweroff`)
  await act(`/primary_ips/${ip.id}/actions/unassign`)
  expect((await assign()).status).toBe(201)
  await act(`/servers/${other.server.id}/actions/poweron`)
  expect(await said(ip.ip, sitePort)).toBe('other: ok from other')
})

it('what is in use is not deleted, and what is taken not given twice', async () => {
  const ip = await newIp()
  const { body: disk } = await ask('POST', '/volumes', { name: 'shop', size: 10, location: 'fsn1' })
  const { body: far } = await ask('POST', '/volumes', { name: 'far', size: 10, location: 'nbg1' })
  const { body: wall } = await ask('POST', '/firewalls', { name: 'shop' })
  const { body: { server } } = await newServer({ public_net: { ipv4: ip.id, enable_ipv6: false } })
  const attach = (volume: number) => ask('POST', `/volumes/${volume}/actions/attach`, { server: server.id, automount: false })
  const walls = (command: string, body: unknown) => ask('POST', `/firewalls/${wall.firewall.id}/actions/${command}`, body)
  const resources = [{ type: 'server', server: { id: server.id } }]
  expect((await attach(disk.volume.id)).status).toBe(201)
  refused(await attach(disk.volume.id), 422, 'volume_already_attached')
  refused(await attach(far.volume.id), 422, 'invalid_input')
  refused(await ask('DELETE', `/volumes/${disk.volume.id}`), 422, 'service_error')
  expect((await walls('apply_to_resources', { apply_to: resources })).body.actions).toHaveLength(1)
  refused(await walls('apply_to_resources', { apply_to: resources }), 422, 'firewall_already_applied')
  refused(await ask('DELETE', `/firewalls/${wall.firewall.id}`), 422, 'resource_in_use')
  expect((await walls('set_rules', { rules: [{ direction: 'in', protocol: 'icmp', source_ips: ['::/0'] }] })).body.actions).toHaveLength(2)
  refused(await newServer({ name: 'other', public_net: { ipv4: ip.id, enable_ipv6: false } }), 422, 'primary_ip_assigned')
  refused(await newServer(), 409, 'uniqueness_error')
  expect((await walls('remove_from_resources', { remove_from: resources })).status).toBe(201)
  expect((await ask('POST', `/volumes/${disk.volume.id}/actions/resize`, { size: 20 })).status).toBe(201)
  expect((await ask('POST', `/volumes/${disk.volume.id}/actions/detach`)).status).toBe(201)
  expect((await ask('DELETE', `/volumes/${disk.volume.id}`)).status).toBe(204)
  expect((await ask('DELETE', `/firewalls/${wall.firewall.id}`)).status).toBe(204)
})

it('what the API gave up is refused: a datacenter, a place beside an assignee, none of both', async () => {
  const { body: { server } } = await newServer({ public_net: { enable_ipv4: false, enable_ipv6: false } })
  const before = sim.exchanges.length
  const address = { name: 'x', type: 'ipv4', assignee_type: 'server' }
  refused(await newServer({ name: 'x', datacenter: 'fsn1-dc14' }), 422, 'invalid_input')
  refused(await ask('POST', '/primary_ips', { ...address, datacenter: 'fsn1-dc14' }), 422, 'invalid_input')
  refused(await ask('POST', '/primary_ips', { ...address, location: 'fsn1', assignee_id: server.id }), 422, 'invalid_input')
  refused(await ask('POST', '/primary_ips', address), 422, 'invalid_input')
  refused(await newServer({ name: 'x', location: 'mars' }), 422, 'invalid_input')
  refused(await newServer({ name: 'x', server_type: 'cx23', location: 'nbg1', public_net: { ipv4: (await newIp()).id } }), 422, 'primary_ip_datacenter_mismatch')
  expect(sim.exchanges.length).toBe(before + 7)
})

it('it may have no capacity, at one place or anywhere, and no server is left behind', async () => {
  sim.state.soldOut = ['cx23@fsn1', 'cax11']
  refused(await newServer(), 412, 'resource_unavailable')
  refused(await newServer({ server_type: 'cax11', location: 'nbg1' }), 412, 'resource_unavailable')
  expect((await ask('GET', '/servers')).body.servers).toEqual([])
  expect((await newServer({ location: 'nbg1' })).status).toBe(201)
})

it('a revoked token, a locked account, too many calls, maintenance', async () => {
  refused(await ask('GET', '/servers', undefined, 'another'), 401, 'unauthorized')
  for (const [mode, status, code] of [['locked', 403, 'forbidden'], ['limited', 429, 'rate_limit_exceeded'], ['unavailable', 503, 'unavailable']] as const) {
    sim.state.mode = mode
    refused(await ask('GET', '/servers'), status, code)
  }
})

it('a test may script what a call meets: a refusal, a lost answer, a wait', async () => {
  sim.script('POST /v1/servers', noCapacity)
  refused(await newServer(), 412, 'resource_unavailable')
  sim.script('POST /v1/servers', (_, land) => {
    land()
    return 'hang'
  })
  const lost = new AbortController()
  const asked = fetch(`${sim.url}/servers`, { method: 'POST', signal: lost.signal, headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ name: 'shop', server_type: 'cx23', image: 'ubuntu-24.04' }) })
  await until('the call has landed', () => sim.exchanges.at(-1)?.status === 0)
  lost.abort()
  await expect(asked).rejects.toThrow()
  const gate = Promise.withResolvers<void>()
  sim.script('GET /v1/**', (_, land) => gate.promise.then(land), 2)
  const found = ask('GET', '/servers')
  gate.resolve()
  expect((await found).body.servers).toMatchObject([{ name: 'shop' }])
  await until('it runs', async () => (await ask('GET', '/servers?name=shop')).body.servers[0].status === 'running')
})

it('a locked server takes no command while its action runs', async () => {
  sim.state.actionMs = 600_000
  const { body } = await ask('POST', '/servers', { name: 'shop', server_type: 'cx23', image: 'ubuntu-24.04' })
  refused(await ask('POST', `/servers/${body.server.id}/actions/poweroff`), 423, 'locked')
  refused(await ask('DELETE', `/servers/${body.server.id}`), 423, 'locked')
  expect((await ask('GET', `/servers/${body.server.id}`)).body.server).toMatchObject({ status: 'initializing', locked: true })
  expect((await ask('GET', `/actions/${body.action.id}`)).body.action).toMatchObject({ status: 'running', progress: 0, finished: null })
})

it('an action that fails says so: a machine whose address is taken does not start', async () => {
  const ip = await newIp()
  await newServer({ public_net: { ipv4: ip.id, enable_ipv6: false } })
  const other = await startSimHetzner({ tokens: [token], sitePort, pool: () => ip.ip, actionMs: 0 })
  try {
    const askOther = asks(other.url)
    const { body } = await askOther('POST', '/servers', { name: 'shop', server_type: 'cx23', image: 'ubuntu-24.04', public_net: { enable_ipv6: false } })
    const action = async () => (await askOther('GET', `/actions/${body.next_actions[0].id}`)).body.action
    expect(await until('an end', async () => ((found) => (found.status === 'running' ? null : found))(await action()))).toMatchObject({ status: 'error', error: { code: 'action_failed' } })
  } finally {
    await other.stop()
  }
})

it('lists go by pages of fifty at most, and select by label', async () => {
  for (let n = 0; n < 30; n++) await ask('POST', '/firewalls', { name: `wall-${n}`, labels: { n: `${n % 2}` } })
  const { body } = await ask('GET', '/firewalls?page=2')
  expect([body.firewalls.length, body.meta.pagination]).toEqual([5, { page: 2, per_page: 25, previous_page: 1, next_page: null, last_page: 2, total_entries: 30 }])
  expect((await ask('GET', '/firewalls?label_selector=n%3D1&per_page=50')).body.firewalls).toHaveLength(15)
  const renamed = await ask('PUT', `/firewalls/${body.firewalls[0].id}`, { name: 'wall', labels: { n: '7' } })
  expect(renamed.body.firewall).toMatchObject({ name: 'wall', labels: { n: '7' } })
  refused(await ask('PUT', `/firewalls/${body.firewalls[1].id}`, { name: 'wall' }), 409, 'uniqueness_error')
})
