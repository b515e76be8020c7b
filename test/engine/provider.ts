// A stand-in for the clouds' Pulumi plugins, which no registry has: `provider.ts CLOUD VERSION ENDPOINT`, started by the engine. What is
// particular to a cloud's types stands in a table; their own diff, time-outs and error texts cannot be proved with it.
import provider from '@pulumi/pulumi/proto/provider_grpc_pb.js'
import messages from '@pulumi/pulumi/proto/provider_pb.js'
import plugin from '@pulumi/pulumi/proto/plugin_pb.js'
import { isDeepStrictEqual } from 'node:util'
import { tellPath } from './gateway.ts'
import { ofSdk, serve } from './plugin.ts'
import type { Cloud, Properties, Resource } from './resources.ts'

type Struct = NonNullable<ReturnType<InstanceType<typeof messages.CheckRequest>['getNews']>>
const { Struct } = ofSdk('google-protobuf/google/protobuf/struct_pb.js') as { Struct: { fromJavaScript(value: unknown): Struct } }
const { Empty } = ofSdk('google-protobuf/google/protobuf/empty_pb.js') as { Empty: new () => object }

const [name = '', version = '', endpoint = ''] = process.argv.slice(2)
const { cloud } = (await import(`./resources-${name}.ts`)) as { cloud: Cloud }

const plain = (struct: Struct | undefined): Properties => (struct?.toJavaScript() ?? {}) as Properties
const packed = (properties: Properties): Struct => Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)))

/** The type in a URN: `urn:pulumi:stack::project::parent$type::name`. */
const typeOf = (urn: string): string => urn.split('::')[2]?.split('$').at(-1) ?? ''

const resourceOf = (urn: string): Resource => {
  const resource = cloud.resources[typeOf(urn)]
  if (!resource) throw new Error(`the stand-in provider knows no ${typeOf(urn)}: add it to resources-${name}.ts`)
  return resource
}

/** Null until it is configured. */
let calls: ReturnType<Cloud['configure']> | null = null
const configured = async () => {
  if (!calls) throw new Error('asked before it was configured')
  return await calls
}

const changedKeys = (olds: Properties, news: Properties): string[] =>
  [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !isDeepStrictEqual(olds[key], news[key]))

const check = (request: InstanceType<typeof messages.CheckRequest>) => {
  const [olds, news] = [plain(request.getOlds()), plain(request.getNews())]
  const random = Buffer.from(request.getRandomseed_asU8()).toString('hex').slice(0, 7)
  const named = resourceOf(request.getUrn()).named ? { name: news['name'] ?? olds['name'] ?? `${request.getName()}-${random}` } : {}
  return new messages.CheckResponse().setInputs(packed({ ...news, ...named }))
}

const diff = (request: InstanceType<typeof messages.DiffRequest>) => {
  const changed = changedKeys(plain(request.getOldInputs()), plain(request.getNews())).filter((key) => !key.startsWith('__'))
  const { replaces, deleteBeforeReplace = false } = resourceOf(request.getUrn())
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges
  return new messages.DiffResponse()
    .setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(changed)
    .setReplacesList(changed.filter((key) => replaces.includes(key)))
    .setDeletebeforereplace(deleteBeforeReplace)
}

const create = async (request: InstanceType<typeof messages.CreateRequest>) => {
  const inputs = plain(request.getProperties())
  const resource = resourceOf(request.getUrn())
  const id = await resource.create(await configured(), inputs)
  const outputs = await resource.read(await configured(), id)
  return new messages.CreateResponse().setId(id).setProperties(packed({ ...inputs, ...outputs }))
}

/** An import gives no inputs: then they are what the cloud says of it. */
const read = async (request: InstanceType<typeof messages.ReadRequest>) => {
  const resource = resourceOf(request.getUrn())
  const outputs = await resource.read(await configured(), request.getId())
  if (outputs === null) return new messages.ReadResponse()
  const inputs = Object.fromEntries(Object.entries(outputs).filter(([key]) => resource.inputs.includes(key)))
  const known = plain(request.getInputs())
  return new messages.ReadResponse().setId(request.getId()).setProperties(packed({ ...plain(request.getProperties()), ...outputs })).setInputs(packed(Object.keys(known).length > 0 ? { ...known, ...inputs } : inputs))
}

const update = async (request: InstanceType<typeof messages.UpdateRequest>) => {
  const [olds, news] = [plain(request.getOldInputs()), plain(request.getNews())]
  const resource = resourceOf(request.getUrn())
  await resource.update(await configured(), request.getId(), news, changedKeys(olds, news))
  return new messages.UpdateResponse().setProperties(packed({ ...news, ...(await resource.read(await configured(), request.getId())) }))
}

await serve(provider.ResourceProviderService, {
  getPluginInfo: () => new plugin.PluginInfo().setVersion(version),
  configure: async (request: InstanceType<typeof messages.ConfigureRequest>) => {
    await (calls = cloud.configure(endpoint, process.env, plain(request.getArgs())))
    return new messages.ConfigureResponse()
  },
  // The engine tells its plugins of the first SIGINT, and at the end of each run; a test waits for that at the gateway.
  cancel: async () => {
    await fetch(`${endpoint}${tellPath}cancel`, { method: 'POST' })
    return new Empty()
  },
  check, diff, create, read, update,
  delete: async (request: InstanceType<typeof messages.DeleteRequest>) => {
    await resourceOf(request.getUrn()).delete(await configured(), request.getId(), plain(request.getProperties()))
    return new Empty()
  },
})
