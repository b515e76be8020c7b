export type Properties = Record<string, unknown>

/** One call to the cloud: its answer's body, or what that cloud's plugin says of a refusal, thrown. Null: 404. */
export type Calls = (method: string, path: string, body?: Properties) => Promise<Properties | null>

/** One type of resource, as its table says. */
export type Resource = {
  /** Inputs whose change replaces it. */
  replaces: string[]
  deleteBeforeReplace?: boolean
  /** It is named after the resource where the program gives no name. */
  named?: boolean
  /** What an import takes from the outputs as inputs. */
  inputs: string[]
  /** Gives the id. */
  create(calls: Calls, inputs: Properties): Promise<string>
  /** Null: it is gone. */
  read(calls: Calls, id: string): Promise<Properties | null>
  update(calls: Calls, id: string, inputs: Properties, changed: string[]): Promise<void>
  delete(calls: Calls, id: string, outputs: Properties): Promise<void>
}

export type Cloud = {
  /** May ask the cloud, and throws what it says of the credentials. */
  configure(endpoint: string, env: NodeJS.ProcessEnv, config: Properties): Promise<Calls>
  resources: Record<string, Resource>
}

/** JSON over HTTP with a bearer token; `refusal` says in the words of the cloud's plugin why it was refused. */
export const bearerCalls = (endpoint: string, token: string, refusal: (asked: string, status: number, body: Properties) => string): Calls =>
  async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
    const response = await fetch(`${endpoint}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    const text = await response.text()
    const answer = (text === '' ? {} : JSON.parse(text)) as Properties
    if (response.status === 404) return null
    if (!response.ok) throw new Error(refusal(`${method} ${endpoint}${path}`, response.status, answer))
    return answer
  }

/** The named object of an answer; throws where the answer is none. */
export const part = (answer: Properties | null, key: string): Properties => {
  const value = answer?.[key]
  if (typeof value !== 'object' || value === null) throw new Error(`the cloud's answer has no ${key}`)
  return value as Properties
}

/** Refuses what no real plugin would, or what nothing here has needed yet. */
export const refuseChange = (changed: string[], able: string[]): void => {
  const unable = changed.filter((key) => !able.includes(key))
  if (unable.length > 0) throw new Error(`the stand-in provider cannot change ${unable.join(', ')} in place`)
}

/** By their full types, e.g. `hcloud:index/primaryIp:PrimaryIp`. */
export const byType = (cloud: string, resources: Record<string, Resource>, module = 'index'): Record<string, Resource> =>
  Object.fromEntries(Object.entries(resources).map(([name, resource]) => [`${cloud}:${module}/${name.slice(0, 1).toLowerCase()}${name.slice(1)}:${name}`, resource]))
