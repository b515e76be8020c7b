import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pulumiCli } from './cli.ts'
import { changesOf, engineLab, errorsOf, type EngineLab } from './lab.ts'
import { motoPython, startMoto } from './moto.ts'

const cli = await pulumiCli()
const python = cli && (await motoPython())

describe.skipIf(!python)('the stack aws on the real engine', () => {
  let moto: { url: string; stop(): Promise<void> }
  let lab: EngineLab

  beforeAll(async () => {
    moto = await startMoto(python!)
    lab = await engineLab({ cli: cli!, cloud: 'aws', url: moto.url, stack: 'aws' })
  })
  afterAll(async () => {
    await lab?.stop()
    await moto?.stop()
  })

  const refusal = (code: string, message: string) => `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`

  test('says as it is configured that its credentials were revoked, and creates nothing', async () => {
    const lift = lab.gateway.refuse(/^GetCallerIdentity$/, 403, refusal('InvalidClientTokenId', 'The security token included in the request is invalid.'))
    const ended = await lab.up()
    lift()
    expect(ended.exitCode).toBe(1)
    expect(errorsOf(ended)).toContain('GetCallerIdentity, https response error StatusCode: 403, api error InvalidClientTokenId')
    expect(new Set(lab.gateway.calls.map(({ name }) => name))).toEqual(new Set(['GetCallerIdentity']))
  })

  test('without capacity says so, and keeps the address for the next `up`', async () => {
    const lift = lab.gateway.refuse(/^RunInstances$/, 500, refusal('InsufficientInstanceCapacity', 'We currently do not have sufficient capacity in the Availability Zone you requested.'))
    const refused = await lab.up()
    lift()
    expect(refused.exitCode).toBe(1)
    expect(errorsOf(refused)).toContain('InsufficientInstanceCapacity')
    const { address } = await lab.resources()
    const ended = await lab.up()
    expect(errorsOf(ended)).toBe('')
    expect(ended.exitCode).toBe(0)
    const after = await lab.resources()
    const { stdout } = await lab.pulumi(['stack', 'output', '--json', '--stack', lab.stack])
    expect(JSON.parse(stdout)).toMatchObject({ cloud: 'aws', region: 'eu-central-1', app: 'shop', machineId: after['machine']!.id, address: address!.outputs['publicIp'] })
  })

  test('with nothing to change asks only who it is, which proves the credentials and no power of theirs', async () => {
    lab.gateway.calls.splice(0)
    const ended = await lab.up()
    expect(ended.exitCode).toBe(0)
    expect(Object.keys(changesOf(ended) ?? {})).toEqual(['same'])
    expect(lab.gateway.calls.map(({ name }) => name)).toEqual(['GetCallerIdentity'])
  })
})
