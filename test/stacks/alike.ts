import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { stackOutputs } from '../../src/stack-outputs.ts'
import type { Cloud } from '../../stacks/app.ts'
import { cloudInit } from '../../stacks/cloud-init.ts'
import { keys, stand, type Asked, type Stood } from './mocks.ts'

/** Who is let in to a port, whatever the cloud's own form of a rule. */
export type LetIn = { port: number; from: string[] }

export type Expected = {
  cloud: Cloud
  /** Every resource, in the program's order. */
  resources: string[]
  region: string
  addressV6: boolean
  /** The path at which the machine sees the disk of this id. */
  diskAt(id: string): string
  /** The inputs that name the machine's image. */
  ignored: string[]
  /** Resources that can carry no label at this cloud. */
  unlabelled: string[]
  labelsOf(inputs: Record<string, unknown>): unknown
  letIn(asked: Asked[]): LetIn[]
  /** Replaced only once the old one is gone. */
  deletedFirst: string[]
}

const anywhere = ['0.0.0.0/0', '::/0']

const configOf = (stack: string): Record<string, unknown> => {
  const { config } = parse(readFileSync(new URL(`../../stacks/Pulumi.${stack}.yaml`, import.meta.url), 'utf8')) as { config: Record<string, unknown> }
  const ours = Object.entries(config).flatMap(([key, value]) => (key.startsWith('lifeboat:') ? [[key.slice('lifeboat:'.length), value]] : []))
  return { ...Object.fromEntries(ours), ...keys, ...(config['lifeboat:image'] === '' ? { image: 'ami-0123456789abcdef0' } : {}) }
}

/** What holds for the program of every cloud. */
export const standsAlike = (expected: Expected): void => {
  const { cloud } = expected
  const labels = { 'lifeboat-app': 'shop', 'lifeboat-site': cloud }
  let stood: Stood
  const named = (name: string): Asked => {
    const found = stood.asked.find((each) => each.name === name)
    if (!found) throw new Error(`no resource ${name}`)
    return found
  }
  beforeAll(async () => {
    stood = await stand(cloud, configOf(cloud))
  })

  describe(cloud, () => {
    test('asks for the address first, then disk, firewall and machine', () => {
      expect(stood.asked.map(({ name }) => name)).toEqual(expected.resources)
      const text = readFileSync(new URL(`../../stacks/${cloud}.ts`, import.meta.url), 'utf8')
      expect([...text.matchAll(/── (\w+) ──/g)].map(([, part]) => part)).toEqual(['Address', 'Disk', 'Firewall', 'Machine'])
      expect(text.split('\n').length - 1).toBeLessThan(120)
    })

    test('asks for what it asked for when somebody last looked', () => {
      const golden = new URL(`${cloud}.yaml`, import.meta.url)
      const text = stringify(described(stood.asked), { lineWidth: 0, aliasDuplicateObjects: false })
      if (process.env['UPDATE']) writeFileSync(golden, text)
      expect(text).toBe(readFileSync(golden, 'utf8'))
    })

    test('every resource is protected, and none names a provider', () => {
      expect(stood.asked.filter(({ options }) => options.protect !== true).map(({ name }) => name)).toEqual([])
      expect(stood.asked.filter(({ options }) => options.provider ?? options.parent).map(({ name }) => name)).toEqual([])
      expect(stood.asked.filter(({ type }) => type.startsWith('pulumi:providers:'))).toEqual([])
    })

    test('loads the files of its own package that it uses, and of no other cloud', () => {
      const loaded = Object.keys(createRequire(import.meta.url).cache).flatMap((path) => /@pulumi\/(aws|digitalocean|hcloud)\//.exec(path)?.[1] ?? [])
      expect(new Set(loaded)).toEqual(new Set([cloud === 'hetzner' ? 'hcloud' : cloud]))
      expect(loaded.length).toBeLessThan(25)
    })

    test('nothing is looked up', () => expect(stood.lookups).toEqual([]))

    test('a new image or new user data replaces no machine, and nothing else is ignored', () => {
      expect(named('machine').options.ignoreChanges?.toSorted()).toEqual(expected.ignored.toSorted())
      expect(stood.asked.filter(({ name, options }) => name !== 'machine' && options.ignoreChanges)).toEqual([])
    })

    test('what can hang on one machine alone leaves the old one first', () => {
      expect(stood.asked.filter(({ options }) => options.deleteBeforeReplace).map(({ name }) => name)).toEqual(expected.deletedFirst)
    })

    test('everything that can carries the labels', () => {
      const bare = stood.asked.filter(({ inputs }) => !contains(expected.labelsOf(inputs), labels)).map(({ name }) => name)
      expect(bare).toEqual(expected.unlabelled)
    })

    test('operators are let in to SSH, everybody to the site, nobody elsewhere', () => {
      expect(expected.letIn(stood.asked)).toEqual([
        { port: 22, from: keys.adminCidrs },
        { port: 80, from: anywhere },
        { port: 443, from: anywhere },
      ])
    })

    test('the machine is laid out as on every cloud, but for the path of its disk', () => {
      expect(named('machine').inputs['userData']).toBe(cloudInit({ sshKeys: keys.sshKeys, disk: expected.diskAt(named('disk').id) }))
    })

    test('the disk is as large as app.yaml says', () => expect(named('disk').inputs['size']).toBe(40))

    test('the outputs are those of every cloud', () => {
      expect(stood.outputs).toEqual({
        cloud, region: expected.region, address: '203.0.113.7', ...(expected.addressV6 ? { addressV6: '2001:db8:7::1' } : {}), machineId: expect.stringMatching(/^\d+$/), app: 'shop',
      })
      expect(stackOutputs.safeParse(stood.outputs).success).toBe(true)
    })
  })
}

const contains = (found: unknown, wanted: Record<string, string>): boolean =>
  Object.entries(wanted).every(([key, value]) => (Array.isArray(found) ? found.includes(`${key}:${value}`) : (found as Record<string, unknown> | undefined)?.[key] === value))

/** Every resource as a person reads it: an id by whose it is, user data by its name. */
const described = (asked: Asked[]): Record<string, unknown> => {
  const owners = new Map(asked.map(({ id, name }) => [id, name]))
  const shown = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shown)
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'userData' ? 'as cloud-init.yaml' : shown(each)]))
    const owner = owners.get(String(value))
    return owner ? `id of ${owner}` : value
  }
  return Object.fromEntries(asked.map(({ name, type, inputs }) => [name, { is: type, ...(shown(inputs) as object) }]))
}
