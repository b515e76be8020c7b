import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { readAppFile, type AppFile } from '../../src/config/app-file.ts'
import { composeOf } from '../../src/release/compose.ts'

const image = `app@sha256:${'1'.repeat(64)}`
const appOf = (lines: string): AppFile => readAppFile(`name: shop\nnames: [shop.example]\nsize: { cpus: 1, memoryGb: 1, diskGb: 10 }\nfiles: [{ volume: uploads, lost: true }]\n${lines}\n`)
const composed = appOf('compose: compose.yaml\nhttp: { service: web, port: 3000 }')

const made = async (text: string): Promise<string[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-compose-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'compose.yaml'), text)
  try {
    const { app, ours } = composeOf(composed, folder)
    expect(app).toBe(text)
    return [ours]
  } catch (thrown) {
    return (thrown as Error).message.split('\n')
  }
}

test('one image becomes a compose file that gets every value', () => {
  const { app, ours } = composeOf(appOf(`image: ${image}\nport: 3000`), '/nowhere')
  expect(parse(app)).toEqual({ services: { shop: { image, restart: 'unless-stopped', env_file: ['.env'] } } })
  expect(parse(ours)).toEqual({ services: { shop: { ports: ['127.0.0.1:8080:3000'] } } })
})

test.each<[string, string]>([
  ['as it should be', `{ services: { web: { image: "${image}", env_file: .env, volumes: ["uploads:/data:ro", "/etc/localtime:/etc/localtime", { type: tmpfs, target: /tmp }] } }, volumes: { uploads: } }`],
  ['merged keys', `x-base: &base { image: "${image}" }\nservices: { web: { <<: *base }, job: { <<: *base, env_file: [{ path: .env }] } }`],
])('%s', async (_, text) => expect(parse((await made(text))[0]!)).toEqual({ services: { web: { ports: ['127.0.0.1:8080:3000'] } } }))

test.each<[string, string[]]>([
  ['services: [', ['cannot be read']],
  ['', ['has no services']],
  [`services: { api: { image: "${image}" } }`, ['has no service web, which http: in app.yaml names']],
  ['services: { web: { image: "app:latest" } }', ['services.web: image: is not an image by its digest']],
  ['services: { web: { build: . } }', ['services.web: build: a host builds nothing']],
  [`services: { web: { image: "${image}", env_file: [.env, prod.env] } }`, ['services.web: env_file: names a file that push does not bring']],
  [`services: { web: { image: "${image}", volumes: ["orders:/data", "./conf:/conf", /cache] } }`, ['services.web: volumes: nothing says what becomes of orders', 'services.web: volumes: ./conf names a file that push does not bring', 'services.web: volumes: one has no name']],
  [`{ services: { web: { image: "${image}", extends: { file: base.yaml, service: web } } }, include: [other.yaml], volumes: { orders: }, secrets: { key: { file: key.txt } } }`, ['services.web: extends: names', 'volumes.orders: nothing says what becomes of orders', 'include: names', 'secrets.key.file: names']],
])('%s is refused', async (text, faults) => {
  const lines = await made(text)
  expect(lines).toHaveLength(faults.length)
  for (const [i, fault] of faults.entries()) expect(lines[i]).toContain(`compose.yaml: ${fault}`)
})

test('the example in stacks/ can be brought as it stands', async () => {
  const folder = join(import.meta.dirname, '../../stacks')
  expect(() => composeOf(readAppFile(readFileSync(join(folder, 'app.yaml'), 'utf8')), folder)).not.toThrow()
})

test('a compose file that is not there', () => {
  expect(() => composeOf(composed, '/nowhere')).toThrow('There is no file /nowhere/compose.yaml, which compose: in app.yaml names. Write it there, or correct compose:')
})
