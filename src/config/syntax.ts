import type { ErrorCode, LineCounter, YAMLError } from 'yaml'

/** Our own sentences: those of the package quote the text, and the text holds secrets. */
const sentences: Partial<Record<ErrorCode, [what: string, instead: string]>> = {
  BAD_ALIAS: ['has an alias that is no name', 'Put a text that begins with * into quotes'],
  BAD_DQ_ESCAPE: ['has a backslash that means nothing inside double quotes', 'Write \\\\ for a backslash, or use single quotes'],
  BAD_INDENT: ['is not indented as its neighbours are, or a brace or bracket is not closed', 'Indent the keys of one mapping alike, with spaces, and close every { and ['],
  BAD_SCALAR_START: ['begins with @ or `, which YAML keeps for itself', 'Put the value into quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['has a second key: value on one line, or a line that is indented below a value', 'Give each key a line of its own, or use braces'],
  BLOCK_IN_FLOW: ['has an indented mapping inside braces or brackets', 'Write { key: value } there'],
  MISSING_CHAR: ['has a quote, a comma, a colon, a brace or a bracket too few', 'Look at this line and at the one above it'],
  MULTILINE_IMPLICIT_KEY: ['has a key that goes over several lines', 'Write key: value on one line'],
  MULTIPLE_DOCS: ['holds more than one document', 'Keep one, and delete the line --- and what follows it'],
  TAB_AS_INDENT: ['is indented with a tab', 'Indent with spaces'],
  TAG_RESOLVE_FAILED: ['has a tag that nothing here knows', 'Delete the word that begins with !, or put the value into quotes'],
}

const inBraces: [string, string] = ['has a ${…} without quotes inside braces or brackets', 'Write "${NAME}", with the quotes']

const other: [string, string] = ['is not YAML from here on', 'Look for a quote, a brace or a colon that is missing before it']

/** `lifeboat.yaml:LINE: column COLUMN: …`, with no excerpt, so that no secret is shown. */
export const syntaxError = (error: YAMLError, text: string, file: string, lines: LineCounter): string => {
  const [offset] = error.pos
  const { line, col } = lines.linePos(Math.min(offset, Math.max(0, text.trimEnd().length)))
  const dollar = text[offset - 1] === '$' && text[offset] === '{'
  const [what, instead] = dollar ? inBraces : (sentences[error.code] ?? other)
  const got = dollar ? 'an unquoted ${…}' : 'invalid YAML'
  return `${file}:${line}: column ${col}: ${what} (got ${got}). ${instead}`
}
