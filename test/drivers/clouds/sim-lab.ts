import { expect } from 'vitest'
import type { SimExchange } from '../../../src/demo/sim-cloud.ts'
import { openApi } from '../../lab/openapi.ts'
import { until } from '../../lab/wait.ts'

export const token = 'key-of-the-test'

/** Asks a simulated cloud, and gives status and body. */
export const asks = (base: string) => async (method: string, path: string, body?: unknown, key = token): Promise<{ status: number; body: any }> => {
  const answer = await fetch(`${base}${path}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }) })
  const text = await answer.text()
  return { status: answer.status, body: text ? JSON.parse(text) : null }
}

export type Ask = ReturnType<typeof asks>

/** Sentences on what is not as the vendor's description has it. Requests that were wrong on purpose are held to their answer alone. */
export const faultsIn = (file: 'hetzner.json' | 'digitalocean.json', exchanges: SimExchange[]): string[] => {
  const { faults } = openApi(new URL(`../../specs/${file}`, import.meta.url))
  return exchanges.flatMap((each) => faults({ ...each, answer: each.lies ? null : each.answer }))
}

/** What the site says at this address, or null where nobody answers. */
export const said = async (address: string, port: number): Promise<string | null> => {
  try {
    const answer = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(5_000) })
    return `${answer.headers.get('lifeboat-site')}: ${(await answer.text()).trim()}`
  } catch {
    return null
  }
}

/** Waits until the site is as it should be. */
export const answers = (address: string, port: number, wanted: string | null) => until(`${wanted} at ${address}`, async () => (await said(address, port)) === wanted)

export const refused = (answer: { status: number; body: any }, status: number, code: string) => expect([answer.status, answer.body.error?.code ?? answer.body.id]).toEqual([status, code])
