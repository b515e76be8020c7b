// Which call of the simulated DigitalOcean does what.
import type { SimAnswer, SimCall } from '../sim-cloud.ts'
import { dropletOf, found, shown, type Account } from './account.ts'
import { absent, accountBody, actionBody, actionsBody, firewallBody, listBody, volumeBody } from './bodies.ts'
import { actOnDroplet, actOnReserved, createDroplet, createReservedIp, createReservedIpv6, deleteDroplet, deleteReserved, showReserved, type Body } from './droplets.ts'
import { actOnVolume, createFirewall, createKey, createTag, createVolume, deleteFirewall, deleteTag, deleteVolume, keyOf, moveFirewall, moveTag, tagBody, updateFirewall } from './resources.ts'

/** What it does and says where nothing stands before it. */
export const truthOf = (account: Account, call: SimCall): SimAnswer => {
  const [, version, kind = '', id, below] = call.path.split('/').map(decodeURIComponent)
  if (call.path === '/v1/oauth/token/info' && account.state.scopes) return ok({ resource_owner_id: 1, scopes: account.state.scopes, expires_in_seconds: 0, application: { uid: '' }, created_at: 1_793_500_000 })
  if (version !== 'v2') return absent()
  if (kind === 'account') return accountAnswer(account, call, id, below)
  if (kind === 'actions' && id) return ok({ action: actionBody(found(account.actions.get(Number(id)))) })
  const serves = kinds[kind]
  if (!serves) return absent()
  const body = call.body ?? {}
  if (!id) return call.method === 'POST' ? serves.create(account, body) : ok(serves.list(account, call))
  if (below) return serves.below?.(account, id, below, call.method, body) ?? absent()
  if (call.method === 'GET') return ok(serves.show(account, id))
  const change = call.method === 'DELETE' ? serves.remove : call.method === 'PUT' ? serves.update : undefined
  return change?.(account, id, body) ?? absent()
}

const ok = (body: unknown): SimAnswer => ({ status: 200, body })

const accountAnswer = (account: Account, { method, token, query, path, body }: SimCall, keys: string | undefined, id: string | undefined): SimAnswer => {
  if (!keys) return method === 'GET' ? ok({ account: accountBody(account.state, token) }) : absent()
  if (!id) return method === 'POST' ? createKey(account, body ?? {}) : ok(listBody('ssh_keys', [...account.keys.values()], { query, path }))
  const key = keyOf(account, id)
  if (method === 'PUT') key.name = String(body?.name ?? key.name)
  if (method !== 'DELETE') return ok({ ssh_key: key })
  account.keys.delete(key.id)
  return { status: 204 }
}

type Serves = {
  list(account: Account, call: SimCall): unknown
  create(account: Account, body: Body): SimAnswer
  show(account: Account, id: string): unknown
  update?(account: Account, id: string, body: Body): SimAnswer
  remove?(account: Account, id: string): SimAnswer
  /** `/v2/KIND/ID/BELOW`. Null: nothing is there. */
  below?(account: Account, id: string, below: string, method: string, body: Body): SimAnswer | null
}

const dropletsOf = (account: Account, { query, path }: SimCall): unknown => {
  const { state } = account
  const asked = new URLSearchParams(query)
  if (state.repeats) asked.set('page', '1')
  const tag = query.get('tag_name')
  const fits = state.droplets.filter(({ made }) => tag === null || made?.tags.includes(tag))
  const listed = fits.filter((each) => !state.unlisted.includes(each.id))
  const body = listBody('droplets', listed.map((each) => shown(account, each)), { query: asked, path }, { most: state.pageMost, total: state.counted ? fits.length : listed.length })
  return state.emptyPage2 && asked.get('page') === '2' ? { ...body, droplets: [] } : body
}

const reserved = (kind: 'reserved_ips' | 'reserved_ipv6', create: Serves['create']): Serves => ({
  list: (account, call) => {
    const ips = [...account.reserved.keys()].filter((ip) => ip.includes(':') === (kind === 'reserved_ipv6'))
    return listBody(kind === 'reserved_ips' ? kind : 'reserved_ipv6s', ips.map((ip) => Object.values(showReserved(account, ip))[0]), call)
  },
  create,
  show: showReserved,
  remove: deleteReserved,
  below: (account, ip, below, method, body) => (below === 'actions' && method === 'POST' ? actOnReserved(account, ip, body) : null),
})

const kinds: Record<string, Serves> = {
  droplets: {
    list: dropletsOf,
    create: createDroplet,
    show: (account, id) => ({ droplet: shown(account, dropletOf(account, id)) }),
    remove: deleteDroplet,
    below: (account, id, below, method, body) => (below !== 'actions' ? null : method === 'POST' ? actOnDroplet(account, id, body) : ok(actionsBody(dropletOf(account, id)))),
  },
  reserved_ips: reserved('reserved_ips', createReservedIp),
  reserved_ipv6: reserved('reserved_ipv6', createReservedIpv6),
  volumes: {
    list: ({ volumes }, call) => listBody('volumes', [...volumes.values()].filter(({ name }) => name === (call.query.get('name') ?? name)).map(volumeBody), call),
    create: createVolume,
    show: ({ volumes }, id) => ({ volume: volumeBody(found(volumes.get(id))) }),
    remove: deleteVolume,
    below: (account, id, below, method, body) => (below === 'actions' && method === 'POST' ? actOnVolume(account, id, body) : null),
  },
  firewalls: {
    list: ({ firewalls }, call) => listBody('firewalls', [...firewalls.values()].map(firewallBody), call),
    create: createFirewall,
    show: ({ firewalls }, id) => ({ firewall: firewallBody(found(firewalls.get(id))) }),
    update: updateFirewall,
    remove: deleteFirewall,
    below: (account, id, below, method, body) => (below === 'droplets' ? moveFirewall(account, id, method, body) : null),
  },
  tags: {
    list: (account, call) => listBody('tags', [...account.tags].map((name) => tagBody(account, name)), call),
    create: createTag,
    show: (account, name) => ({ tag: tagBody(account, found([...account.tags].find((each) => each === name))) }),
    remove: deleteTag,
    below: (account, name, below, method, body) => (below === 'resources' ? moveTag(account, name, method, body) : null),
  },
}
