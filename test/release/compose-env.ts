// How docker compose reads `.env`: compose-go's dotenv/parser.go, the same in 2.0.0-rc.3 and 2.6.2 (2026-11), as far as quoted values go.

const unescaped: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '"': '"', '\\': '\\', $: '$$' }

/** `$$` is a dollar; `${NAME}` and `$NAME` are expanded, and nothing is set here. */
const expandVariables = (text: string): string => text.replace(/\$(\$|\{[^}]*\}|[A-Za-z_]\w*)?/g, (whole, what?: string) => (what === '$' ? '$' : what === undefined ? whole : ''))

const expandEscapes = (text: string): string => text.replace(/\\([abcfnrtv$"\\])/g, (_, sign: string) => unescaped[sign] ?? sign)

const takeValue = (text: string): { value: string; rest: string } => {
  const quote = text[0]
  if (quote !== '"' && quote !== "'") {
    const [line = ''] = text.split('\n', 1)
    return { value: expandVariables(line.split(' #', 1)[0]!.trimEnd()), rest: text.slice(line.length) }
  }
  let value = ''
  let escape = false
  for (let i = 1; i < text.length; i++) {
    const sign = text[i]!
    if (sign === quote && !escape) return { value: quote === '"' ? expandVariables(expandEscapes(value)) : value, rest: text.slice(i + 1) }
    if (sign === '\\' && !escape) {
      escape = true
      continue
    }
    value += escape && sign !== quote ? `\\${sign}` : sign
    escape = false
  }
  throw new Error('unterminated quoted value')
}

/** The values of a `.env` as a container gets them. */
export const readAsCompose = (text: string): Record<string, string> => {
  const values: Record<string, string> = {}
  let left = text.replaceAll('\r\n', '\n')
  for (;;) {
    left = left.trimStart()
    if (left === '') return values
    const [head, name] = /^(\w+)=/.exec(left) ?? []
    if (head === undefined || name === undefined) throw new Error('unexpected character in variable name')
    const { value, rest } = takeValue(left.slice(head.length))
    values[name] = value
    left = rest
  }
}
