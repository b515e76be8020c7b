import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

/** One request with its answer, as it went over the wire. `answer` null: only the request is checked. */
export type Exchange = {
  method: string
  /** Path and query. */
  url: string
  headers: Record<string, string | string[] | undefined>
  body?: string
  status: number
  answer: string | null
}

type Schema = Record<string, unknown>
type Content = Record<string, { schema: Schema }>
type Parameter = { in: string; name: string; required?: boolean; schema: Schema }
type Operation = {
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Content }
  responses: Record<string, { content?: Content }>
  security?: Record<string, string[]>[]
}
type Description = { paths: Record<string, Record<string, Operation>> }

/** Checks exchanges against an OpenAPI 3.0 file in which every `$ref` is resolved; each fault is one sentence, none means valid. */
export const openApi = (file: string | URL) => {
  const { paths } = JSON.parse(readFileSync(file, 'utf8')) as Description
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
  addFormats.default(ajv)
  ajv.addFormat('decimal', /^-?\d+(\.\d+)?$/)
  const compiled = new WeakMap<Schema, ValidateFunction>()

  const faultsOf = (schema: Schema, value: unknown, where: string): string[] => {
    const validate = compiled.get(schema) ?? ajv.compile(schema)
    compiled.set(schema, validate)
    return validate(value) ? [] : (validate.errors ?? []).map((each) => `${where}${each.instancePath} ${each.message}`)
  }

  const parameterFaults = (parameters: Parameter[], at: 'path' | 'query', given: Map<string, string>): string[] => {
    const known = parameters.filter((each) => each.in === at)
    const strange = [...given.keys()].filter((name) => !known.some((each) => each.name === name)).map((name) => `${at} parameter ${name} is unknown`)
    const wrong = known.flatMap(({ name, required, schema }) => {
      const text = given.get(name)
      if (text === undefined) return required ? [`${at} parameter ${name} is missing`] : []
      return faultsOf(schema, valueOf(schema, text), `${at} parameter ${name}`)
    })
    return [...strange, ...wrong]
  }

  const bodyFaults = (content: Content | undefined, text: string | undefined, where: string): string[] => {
    const schema = content?.['application/json']?.schema
    if (!schema) return text ? [`${where} is given, and none is described`] : []
    const value = jsonOf(text)
    return value === undefined ? [`${where} is not JSON`] : faultsOf(schema, value, where)
  }

  return {
    faults({ method, url, headers, body, status, answer }: Exchange): string[] {
      const { pathname, searchParams } = new URL(url, 'http://openapi.example')
      const found = match(Object.keys(paths), pathname)
      const operation = found && paths[found.template]?.[method.toLowerCase()]
      if (!operation) return [`${method} ${pathname} is not described`]
      const { parameters = [], requestBody, responses, security = [] } = operation
      const response = responses[status] ?? responses[`${Math.floor(status / 100)}xx`] ?? responses.default
      return [
        ...(security.length > 0 && !headers.authorization ? ['no authorization is sent'] : []),
        ...parameterFaults(parameters, 'path', found.values),
        ...parameterFaults(parameters, 'query', new Map(searchParams)),
        ...(requestBody?.required || body ? bodyFaults(requestBody?.content, body, 'request') : []),
        ...(answer === null ? [] : response ? bodyFaults(response.content, answer, `answer ${status}`) : [`status ${status} is not described`]),
      ].map((fault) => `${method} ${url}: ${fault}`)
    },
  }
}

const jsonOf = (text = ''): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a parameter's text stands for; of one that may be given many times, the last. */
const valueOf = (schema: Schema, text: string): unknown => {
  if (schema.type === 'array') return [valueOf(schema.items as Schema, text)]
  return schema.type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text
}

/** The template that fits, one with the fewest parameters first. */
const match = (templates: string[], path: string): { template: string; values: Map<string, string> } | null => {
  const parts = path.split('/')
  const fits = templates.flatMap((template) => {
    const pieces = template.split('/')
    if (pieces.length !== parts.length) return []
    const values = new Map<string, string>()
    for (const [at, piece] of pieces.entries()) {
      if (piece.startsWith('{')) values.set(piece.slice(1, -1), decodeURIComponent(parts[at]!))
      else if (piece !== parts[at]) return []
    }
    return [{ template, values }]
  })
  return fits.toSorted((a, b) => a.values.size - b.values.size)[0] ?? null
}
