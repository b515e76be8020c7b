import { createRequire } from 'node:module'

type Server = {
  addService(definition: object, handlers: object): void
  bindAsync(address: string, credentials: unknown, bound: (error: Error | null, port: number) => void): void
}

/** A package as the SDK has it: its generated code knows no other copy. */
export const ofSdk = createRequire(import.meta.resolve('@pulumi/pulumi'))

const grpc = ofSdk('@grpc/grpc-js') as { Server: new (options: object) => Server; ServerCredentials: { createInsecure(): unknown }; status: { UNKNOWN: number } }

/**
 * Serves a plugin to the engine: its port is its first line of output, and it ends when its standard input does, so with the CLI that
 * started it. A method is a function from request to answer; what it throws is the error that the engine shows. The rest is "unimplemented".
 */
export const serve = async <Methods extends Record<string, (request: never) => unknown>>(definition: object, methods: Methods): Promise<void> => {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 })
  server.addService(definition, Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, handlerOf(method as (request: unknown) => unknown)])))
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? fail(error) : done(bound))),
  )
  process.stdin.on('end', () => process.exit(0)).resume()
  process.stdout.write(`${port}\n`)
}

const handlerOf = (method: (request: unknown) => unknown) => (call: { request: unknown }, answer: (error: { code: number; details: string } | null, value?: unknown) => void): void => {
  Promise.resolve()
    .then(() => method(call.request))
    .then(
      (value) => answer(null, value),
      (error: unknown) => answer({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }),
    )
}
