// Makes the excerpts of this folder: `node test/specs/excerpt.ts FOLDER`, where FOLDER holds hetzner.json and digitalocean.json, each whole, with every `$ref` resolved.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Operation = { responses: Record<string, Json> } & { [key: string]: Json }
type Paths = Record<string, Record<string, Operation>>

/** What is served, each path with its methods. */
const hetzner = {
  '/servers': 'get post', '/servers/{id}': 'get put delete', '/servers/{id}/actions': 'get',
  '/servers/{id}/actions/poweron': 'post', '/servers/{id}/actions/poweroff': 'post', '/servers/{id}/actions/shutdown': 'post', '/servers/{id}/actions/change_protection': 'post',
  '/primary_ips': 'get post', '/primary_ips/{id}': 'get put delete', '/primary_ips/{id}/actions/assign': 'post', '/primary_ips/{id}/actions/unassign': 'post',
  '/volumes': 'get post', '/volumes/{id}': 'get put delete', '/volumes/{id}/actions/attach': 'post', '/volumes/{id}/actions/detach': 'post',
  '/firewalls': 'get post', '/firewalls/{id}': 'get put delete', '/firewalls/{id}/actions/apply_to_resources': 'post', '/firewalls/{id}/actions/set_rules': 'post',
  '/ssh_keys': 'get post', '/ssh_keys/{id}': 'get put delete', '/actions': 'get', '/actions/{id}': 'get',
}
const digitalocean = {
  '/v2/account': 'get', '/v2/account/keys': 'get post', '/v2/account/keys/{ssh_key_identifier}': 'get put delete', '/v2/actions/{action_id}': 'get',
  '/v2/droplets': 'get post', '/v2/droplets/{droplet_id}': 'get delete', '/v2/droplets/{droplet_id}/actions': 'get post',
  '/v2/reserved_ips': 'get post', '/v2/reserved_ips/{reserved_ip}': 'get delete', '/v2/reserved_ips/{reserved_ip}/actions': 'post',
  '/v2/reserved_ipv6': 'get post', '/v2/reserved_ipv6/{reserved_ipv6}': 'get delete', '/v2/reserved_ipv6/{reserved_ipv6}/actions': 'post',
  '/v2/volumes': 'get post', '/v2/volumes/{volume_id}': 'get delete', '/v2/volumes/{volume_id}/actions': 'post',
  '/v2/firewalls': 'get post', '/v2/firewalls/{firewall_id}': 'get put delete', '/v2/firewalls/{firewall_id}/droplets': 'post delete', '/v2/tags': 'get post',
}

const prose = new Set(['description', 'summary', 'title', 'example', 'examples', 'x-codeSamples', 'tags', 'headers', 'links', 'servers', 'externalDocs'])

/** Without prose and examples. A property may be called as prose is: names of properties are kept. */
const bare = (value: Json, names = false): Json => {
  if (Array.isArray(value)) return value.map((each) => bare(each))
  if (value === null || typeof value !== 'object') return value
  const kept = Object.entries(value).filter(([key]) => names || !prose.has(key))
  const made = Object.fromEntries(kept.map(([key, below]) => [key, bare(below, !names && key === 'properties')]))
  return names ? made : nullable(made)
}

/** `nullable` beside no type means nothing to ajv. */
const nullable = ({ nullable: may, ...schema }: Record<string, Json>): Json => {
  if (may === undefined || 'type' in schema) return may === undefined ? schema : { ...schema, nullable: may }
  return may === true ? { anyOf: [schema, { type: 'null' }] } : schema
}

const excerpt = (file: string, wanted: Record<string, string>, prefix: string): Paths => {
  const { paths } = JSON.parse(readFileSync(file, 'utf8')) as { paths: Paths }
  return Object.fromEntries(
    Object.entries(wanted).map(([path, methods]) => [`${prefix}${path}`, Object.fromEntries(methods.split(' ').map((method) => [method, bare(paths[path]![method]!) as Operation]))]),
  )
}

const post = (paths: Paths, path: string, body: Json | null): Record<string, Operation> => {
  const { requestBody: _, ...like } = paths[path]!.post!
  return { post: { ...like, ...(body && { requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', ...(body as object) } } } } }) } as Operation }
}

/** Calls of Hetzner that the whole description lacks: their bodies as in the reference (https://docs.hetzner.cloud/reference/cloud, 2026-11), their answers as the one beside them. */
const missing = (paths: Paths): Paths => {
  const v1 = (path: string) => `/v1${path}`
  const applied = paths[v1('/firewalls/{id}/actions/apply_to_resources')]!.post as unknown as { requestBody: { content: { 'application/json': { schema: { properties: { apply_to: Json } } } } } }
  const resources = applied.requestBody.content['application/json'].schema.properties.apply_to
  const detach = v1('/volumes/{id}/actions/detach')
  const guard = { properties: { delete: { type: 'boolean' } } }
  return {
    [v1('/firewalls/{id}/actions/remove_from_resources')]: post(paths, v1('/firewalls/{id}/actions/apply_to_resources'), { properties: { remove_from: resources }, required: ['remove_from'] }),
    [v1('/servers/{id}/actions/change_type')]: post(paths, v1('/servers/{id}/actions/poweron'), { properties: { server_type: { type: 'string' }, upgrade_disk: { type: 'boolean' } }, required: ['server_type', 'upgrade_disk'] }),
    [v1('/volumes/{id}/actions/resize')]: post(paths, detach, { properties: { size: { type: 'number' } }, required: ['size'] }),
    [v1('/volumes/{id}/actions/change_protection')]: post(paths, detach, guard),
    [v1('/primary_ips/{id}/actions/change_protection')]: post(paths, v1('/primary_ips/{id}/actions/unassign'), guard),
  }
}

/** The same of DigitalOcean: https://docs.digitalocean.com/reference/api/reference/tags/ (2026-11). */
const missingTags = (paths: Paths): Paths => {
  const gone = paths['/v2/volumes/{volume_id}']!.delete!
  const named = [{ in: 'path', name: 'tag_id', required: true, schema: { type: 'string', pattern: '^[a-zA-Z0-9_:-]+$' } }]
  const { '201': made, ...refusals } = paths['/v2/tags']!.post!.responses
  const item = { type: 'object', properties: { resource_id: { type: 'string' }, resource_type: { type: 'string', enum: ['droplet', 'image', 'volume', 'volume_snapshot', 'database'] } }, required: ['resource_id', 'resource_type'] }
  const moved = { ...gone, parameters: named, requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', properties: { resources: { type: 'array', items: item } }, required: ['resources'] } } } } } as Operation
  return {
    '/v2/tags/{tag_id}': { get: { ...gone, parameters: named, responses: { '200': made!, ...refusals } } as Operation, delete: { ...gone, parameters: named } },
    '/v2/tags/{tag_id}/resources': { post: moved, delete: moved },
  }
}

/** One path on each line. */
const write = (name: string, info: Json, paths: Paths): void => {
  const lines = Object.entries(paths).map(([path, operations]) => `${JSON.stringify(path)}:${JSON.stringify(operations)}`)
  writeFileSync(join(import.meta.dirname, name), `{"openapi":"3.0.0","info":${JSON.stringify(info)},"paths":{\n${lines.join(',\n')}\n}}\n`)
}

const folder = process.argv[2] ?? '.'
const served = excerpt(join(folder, 'hetzner.json'), hetzner, '/v1')
write('hetzner.json', { title: 'Hetzner Cloud API', version: '2026-02', license: { name: 'MIT' } }, { ...served, ...missing(served) })
const ocean = excerpt(join(folder, 'digitalocean.json'), digitalocean, '')
write('digitalocean.json', { title: 'DigitalOcean API', version: '2.0', license: { name: 'Apache 2.0' } }, { ...ocean, ...missingTags(ocean) })
