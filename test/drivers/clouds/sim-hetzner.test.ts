import { afterEach, beforeEach, expect, it } from 'vitest'
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
