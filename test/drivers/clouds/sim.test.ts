import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'

it('the simulated DigitalOcean runs by hand, and is told by PUT /_sim what to say', async () => {
  const process_ = spawn(process.execPath, ['src/demo/sim-digitalocean.ts', '--token', 'key-of-the-test'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [url] = (await once(createInterface(process_.stdout), 'line')) as [string]
    const put = (body: string) => fetch(`${url}/_sim`, { method: 'PUT', body })
    expect((await put('{"account":"locked"}')).status).toBe(200)
    expect((await put('{"acount":"active"}')).status).toBe(400)
    expect((await put('{')).status).toBe(400)
    expect(await (await fetch(`${url}/_sim`)).json()).toMatchObject({ account: 'locked', tokens: ['key-of-the-test'], mode: 'well' })
    const answer = await fetch(`${url}/v2/account`, { headers: { authorization: 'Bearer key-of-the-test' } })
    expect(await answer.json()).toMatchObject({ account: { status: 'locked' } })
    expect((await fetch(`${url}/v2/account`)).status).toBe(401)
  } finally {
    process_.kill('SIGKILL')
  }
})
