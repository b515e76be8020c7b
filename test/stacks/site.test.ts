import * as pulumi from '@pulumi/pulumi'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { clouds, readApp, readSite, type Site } from '../../stacks/app.ts'
import { sizeOf } from '../../stacks/sizes.ts'
import { keys } from './mocks.ts'

const folder = new URL('../../stacks/', import.meta.url)
const app = readApp()

/** As the CLI hands it over: lists as JSON. */
const siteOf = (config: Record<string, unknown>, stack = 'hetzner'): Site => {
  const told = Object.entries(config).filter(([, value]) => value !== undefined)
  pulumi.runtime.setAllConfig(Object.fromEntries(told.map(([key, value]) => [`lifeboat:${key}`, typeof value === 'string' ? value : JSON.stringify(value)])))
  return readSite(new pulumi.Config('lifeboat'), app, stack)
}

const saidOf = (config: Record<string, unknown>, stack?: string): string[] => {
  try {
    siteOf(config, stack)
    return []
  } catch (error) {
    // Of anything else Pulumi prints the stack.
    if (error instanceof pulumi.RunError) return error.message.split('\n')
    throw error
  }
}

const whole = { cloud: 'hetzner', places: ['cx23@fsn1', 'cpx22@nbg1'], image: 'ubuntu-24.04', ...keys }

describe('a stack\'s configuration', () => {
  test('says where the site is to stand: at the first of its places', () => {
    expect(siteOf(whole)).toEqual({
      cloud: 'hetzner', name: 'shop-hetzner', place: { type: 'cx23', location: 'fsn1' }, image: 'ubuntu-24.04', ...keys, labels: { 'lifeboat-app': 'shop', 'lifeboat-site': 'hetzner' },
    })
  })

  const mistakes: [what: string, config: Record<string, unknown>, said: string][] = [
    ['no cloud', { ...whole, cloud: undefined }, 'lifeboat:cloud is none of aws, digitalocean, hetzner'],
    ['a cloud without a program', { ...whole, cloud: 'ovh' }, 'lifeboat:cloud is none of aws, digitalocean, hetzner'],
    ['no places', { ...whole, places: undefined }, 'lifeboat:places is not a list of type@location'],
    ['an empty list of places', { ...whole, places: [] }, 'lifeboat:places is an empty list, and needs type@location'],
    ['one place without its list', { ...whole, places: 'cx23@fsn1' }, 'lifeboat:places is not a list of type@location'],
    ['a place without a location', { ...whole, places: ['cx23@fsn1', 'cx23'] }, 'lifeboat:places[1] is not type@location, such as cx23@fsn1'],
    ['a type that is too small', { ...whole, places: ['cx23@fsn1', 's-1vcpu-1gb@fra1'] }, 'lifeboat:places names s-1vcpu-1gb, of 1 CPUs and 1 GB, and stacks/app.yaml asks for 2 and 4'],
    ['no image', { ...whole, image: undefined }, 'lifeboat:image is missing'],
    ['an empty image', { ...whole, image: '' }, 'lifeboat:image is empty'],
    ['nobody who may log in', { ...whole, sshKeys: [] }, 'lifeboat:sshKeys is an empty list, and needs public keys'],
    ['a key of another form', { ...whole, sshKeys: ['---- BEGIN SSH2 PUBLIC KEY ----'] }, 'lifeboat:sshKeys[0] is no public key of OpenSSH on one line'],
    ['nowhere to log in from', { ...whole, adminCidrs: [] }, 'lifeboat:adminCidrs is an empty list, and needs ranges such as 203.0.113.0/24'],
    ['an address for a range', { ...whole, adminCidrs: ['203.0.113.7'] }, 'lifeboat:adminCidrs[0] is no range such as 203.0.113.0/24'],
  ]
  test.each(mistakes)('%s is one sentence', (_, config, said) => expect(saidOf(config)).toEqual([`stacks/Pulumi.hetzner.yaml: ${said}`]))

  test('a stack whose name no cloud takes is one', () =>
    expect(saidOf(whole, 'My.Stack')).toEqual(["stacks/Pulumi.My.Stack.yaml: the stack's name makes shop-My.Stack, which clouds do not take: a letter, then a-z, 0-9 and -, 63 in all"]))

  test('every mistake is told at once', () => expect(saidOf({ ...whole, image: '', sshKeys: [] })).toHaveLength(2))
})

describe('the files that stand here', () => {
  const files = readdirSync(folder).filter((name) => /^Pulumi\.\w+\.yaml$/.test(name))

  test('are one for each program, and a cold one', () => expect(files).toEqual([...clouds, 'spare'].map((stack) => `Pulumi.${stack}.yaml`)))

  test.each(files)('%s lacks only what nobody else can know, and says so', (file) => {
    const stack = file.split('.')[1] ?? ''
    const { config } = parse(readFileSync(new URL(file, folder), 'utf8')) as { config: Record<string, unknown> }
    const written = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace('lifeboat:', ''), value]))
    expect(saidOf(written, stack)).toEqual([
      ...(stack === 'aws' ? ['lifeboat:image is empty'] : []),
      'lifeboat:sshKeys is an empty list, and needs public keys',
      'lifeboat:adminCidrs is an empty list, and needs ranges such as 203.0.113.0/24',
    ].map((said) => `stacks/${file}: ${said}`))
    const { place } = siteOf({ ...written, ...keys, image: 'ami-1' }, stack)
    expect(sizeOf(place.type), 'the size of an example is known').not.toBeNull()
  })
})

test('sizes are read from what names them, and are not guessed', () => {
  expect([sizeOf('s-2vcpu-4gb'), sizeOf('s-4vcpu-8gb-amd'), sizeOf('cx23'), sizeOf('t3.medium')]).toEqual([{ cpus: 2, memoryGb: 4 }, { cpus: 4, memoryGb: 8 }, { cpus: 2, memoryGb: 4 }, { cpus: 2, memoryGb: 4 }])
  expect([sizeOf('c-2'), sizeOf('cx9000'), sizeOf('toString'), sizeOf('m-2xlarge')]).toEqual([null, null, null, null])
})
