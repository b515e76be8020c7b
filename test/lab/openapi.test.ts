import { expect, it } from 'vitest'
import { openApi } from './openapi.ts'

const { faults } = openApi(new URL('../specs/digitalocean.json', import.meta.url))
const headers = { authorization: 'Bearer key-of-the-test' }
const absent = JSON.stringify({ id: 'not_found', message: 'no' })
const get = (url: string, status: number, answer: string | null) => faults({ method: 'GET', url, headers, status, answer })

it('finds nothing where all is as described', () => {
  expect(get('/v2/droplets/7', 404, absent)).toEqual([])
  expect(get('/v2/droplets?per_page=200&page=2', 200, null)).toEqual([])
})

it.each<[string, string[], string]>([
  ['an unknown path', get('/v2/unicorns', 200, null), 'GET /v2/unicorns is not described'],
  ['an unknown method', faults({ method: 'PATCH', url: '/v2/account', headers, status: 200, answer: null }), 'PATCH /v2/account is not described'],
  ['no credential', faults({ method: 'GET', url: '/v2/account', headers: {}, status: 401, answer: absent }), 'GET /v2/account: no authorization is sent'],
  ['a path that is no number', get('/v2/droplets/x', 404, absent), 'GET /v2/droplets/x: path parameter droplet_id must be integer'],
  ['an unknown query', get('/v2/droplets?size=7', 404, absent), 'GET /v2/droplets?size=7: query parameter size is unknown'],
  ['a query out of bounds', get('/v2/droplets?per_page=500', 404, absent), 'GET /v2/droplets?per_page=500: query parameter per_page must be <= 200'],
  ['an answer that is no JSON', get('/v2/account', 200, '<html>'), 'GET /v2/account: answer 200 is not JSON'],
  ['an answer of another shape', get('/v2/account', 401, '{"id":"x"}'), "GET /v2/account: answer 401 must have required property 'message'"],
])('finds %s', (_name, found, fault) => expect(found).toEqual([fault]))
