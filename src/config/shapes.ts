import { domainToASCII } from 'node:url'
import { z } from 'zod'
import { canonicalIp, canonicalListen, canonicalName, canonicalServer, familyOf, isNobodys } from './addresses.ts'
import { durationForm, parseDuration } from './durations.ts'
import { nearestWord } from './nearest.ts'

// The pieces that the schema is made of. Each message is two halves, around the `(got …)` that faults.ts puts between them.

/** What is wrong, and what to write instead. */
export const say = (what: string, instead: string): string => `${what}\n${instead}`

/** A fault's text for a value that is missing (or is written as nothing), and for one of the wrong type. */
const unlike = (what: string, instead: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? say('is missing', instead) : issue.input === null ? say('is empty', instead) : say(what, instead)

/** Any text but an empty one. A number says to put it in quotes: YAML rounds long ones, and drops leading zeros. */
export const text = (instead: string) =>
  z
    .string({
      error: (issue) =>
        typeof issue.input === 'number' ? say('is a number', 'Put it in quotes') : unlike('is not text', instead)(issue),
    })
    .min(1, { error: say('is empty', instead) })

/** Text that is brought into its canonical form; null says that it has no such form. `insteadOf`: what to write in this text's place, where that can be told. */
export const canonical = (form: (text: string) => string | null, what: string, instead: string, insteadOf: (text: string) => string | null = () => null) =>
  text(instead).transform((value, ctx) => {
    const found = form(value)
    if (found !== null) return found
    ctx.addIssue({ code: 'custom', message: say(what, insteadOf(value) ?? instead) })
    return z.NEVER
  })

/** `a, b or c`. */
const orOf = (words: readonly string[]): string =>
  words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : (words[0] ?? '')

/** One of a list of words. `what` may say which kind of word it is not: `no driver of this name`. */
export const word = <const W extends readonly [string, ...string[]]>(words: W, what = 'is none of the words that go here') => {
  return z.enum(words, {
    error: ({ input }) => {
      const near = typeof input === 'string' ? nearestWord(input, words) : null
      const others = orOf(words.filter((known) => known !== near))
      return unlike(what, near && words.length > 2 ? `Write ${near}, or else ${others}` : `Write ${near ?? others}`)({ input })
    },
  })
}

/** True or false. */
export const flag = () => z.boolean({ error: unlike('is neither true nor false', 'Write true or false') })

/** A whole number between two bounds. */
export const integer = (least: number, most: number, instead = `Write a whole number from ${least} to ${most}`) => {
  const error = unlike('is not a whole number', instead)
  return z
    .number({ error })
    .int({ error })
    .min(least, { error: say(`is below ${least}`, instead) })
    .max(most, { error: say(`is above ${most}`, instead) })
}

/** Milliseconds. A bare number is told that it lacks a unit. */
export const duration = ({ leastMs = 0, example = '30s' } = {}) => {
  const instead = `Write ${durationForm}`.replace('30s', example)
  return z
    .union([z.string(), z.number()], { error: unlike('is not a duration', instead) })
    .transform((value, ctx) => {
      const parsed = value === 0 || value === '0' ? { wrong: 'has no unit' } : parseDuration(String(value))
      const unit = typeof parsed === 'object' && parsed.wrong === 'has no unit'
      if (typeof parsed === 'number' && parsed >= leastMs) return parsed
      const what = typeof parsed === 'object' ? parsed.wrong : parsed === 0 ? 'is zero' : 'is too short'
      ctx.addIssue({ code: 'custom', message: say(what, unit ? `Put the unit behind the number: ms, s, m, h or d, such as ${example}` : instead) })
      return z.NEVER
    })
}

/** A mapping of known keys. The message of an unknown one carries the known ones, for issues.ts to find the nearest. */
export const mapping = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) => {
      const keys = Object.keys(shape)
      if (issue.code === 'unrecognized_keys') return keys.join(' ')
      return unlike('is not a mapping', `Write ${keys.slice(0, 3).join(', ')} … as key: value below it or in braces`)(issue)
    },
  })

/** A mapping from names of the user's own. */
export const named = <S extends z.ZodType>(name: z.ZodType<string, string>, value: S, instead: string) =>
  z.record(name, value, { error: unlike('is not a mapping', instead) })

/** A list of one shape; `instead` says what to write where it is none. */
export const list = <S extends z.ZodType>(item: S, instead: string) => z.array(item, { error: unlike('is not a list', instead) })

/** A list of one at least; `some` says what to write where it has none. */
export const someOf = <S extends z.ZodType>(item: S, instead: string, some = instead) => list(item, instead).min(1, { error: say('is an empty list', some) })

/** One value, or a list of them. */
export const oneOrList = <S extends z.ZodType>(item: S, instead: string) =>
  z.preprocess((value) => (Array.isArray(value) || value === undefined ? value : [value]), someOf(item, instead))

/** The shape depends on what kind of value stands there. */
export const either = <A extends z.ZodType, B extends z.ZodType>(isFirst: (value: unknown) => boolean, first: A, second: B) =>
  z.unknown().transform((value, ctx): z.output<A> | z.output<B> => {
    const parsed = (isFirst(value) ? first : second).safeParse(value)
    if (parsed.success) return parsed.data as z.output<A> | z.output<B>
    ctx.issues.push(...parsed.error.issues.map((issue) => ({ ...issue, input: value }) as z.core.$ZodRawIssue))
    return z.NEVER
  })

/** A mapping whose keys depend on its `driver`; the message of an unknown driver is that of any list of words. */
export const byDriver = <const M extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]]>(
  members: M,
  drivers: readonly [string, ...string[]],
) =>
  z.discriminatedUnion('driver', members, {
    error: ({ input }) => {
      if (typeof input !== 'object' || input === null || Array.isArray(input)) return unlike('is not a mapping', 'Write { driver: … }')({ input })
      const driver = 'driver' in input ? input.driver : undefined
      return word(drivers, 'no driver of this name').safeParse(driver).error?.issues[0]?.message ?? ''
    },
  })

// ── Texts of a certain form ──────────────────────────────────────────────────

/** App and sites: they become part of DNS names and of file names. */
export const shortName = (instead: string) =>
  text(instead).regex(/^[a-z0-9-]{1,40}$/, { error: say('is not a name of a-z, 0-9 and -, at most 40 long', instead) })

/** Vantages: they are shown, and name nothing elsewhere. */
export const shownName = (instead: string) =>
  text(instead).regex(/^[\w.-]{1,40}$/, { error: say('is not a name of letters, digits, ., _ and -, at most 40 long', instead) })

/** An IP address or a hostname of two labels at least, in canonical form. */
export const ipOrHostname = () =>
  canonical(
    (value) => (familyOf(value) ? (isNobodys(value) ? null : canonicalIp(value)) : /\../.test(value) ? canonicalName(value) : null),
    'is neither an IP address nor a hostname that a site can have',
    'Write an address such as 203.0.113.1',
  )

/** An IPv6 address, in canonical form. */
export const ipV6 = () =>
  canonical(
    (value) => (familyOf(value) === 6 && !isNobodys(value) ? canonicalIp(value) : null),
    'is not an IPv6 address that a site can have',
    'Write an address such as "2001:db8::9", in quotes',
  )

/** A DNS server as IP, IP:port or [v6]:port; port 53 where left out. */
export const server = () =>
  canonical(
    (value) => canonicalServer(value, 53),
    'is not an IP address with a port',
    'Write "192.0.2.53:53", "[2001:db8::53]:53", or the address alone for port 53',
  )

/** Where to listen. */
export const listenAddress = () => canonical(canonicalListen, 'is not an IP address with a port', 'Write an address such as 127.0.0.1:8686')

/** A zone's name, lower case, without a trailing dot; of one label where it is a private one. */
export const zoneName = () => canonical(canonicalName, 'is not a zone', 'Write a name such as shop.example')

const canonicalDnsName = (value: string): string | null =>
  value.startsWith('*.') ? ((name) => name && `*.${name}`)(canonicalName(value.slice(2))) : canonicalName(value)

/** How DNS spells a name of other letters than its own: bücher.example is xn--bcher-kva.example there (RFC 5890). Null: it is none. */
const spelledInAscii = (value: string): string | null => (/[^\x00-\x7f]/.test(value) ? canonicalDnsName(domainToASCII(value)) : null)

/** A name to be moved; `*.` may begin it. */
export const dnsName = () =>
  canonical(canonicalDnsName, 'is not a DNS name', 'Write a name such as www.shop.example', (value) => {
    const name = spelledInAscii(value)
    return name === null ? null : `Write ${name}`
  })

/** An http or https address. */
export const httpUrl = (instead = 'Write an address such as https://shop.example/healthz') =>
  text(instead)
    .refine((value) => URL.canParse(value) && /^https?:\/\/[^/]/.test(value), { error: say('is not an http or https URL', instead), abort: true })
    .refine((value) => !/@/.test(new URL(value).href.split('/')[2] ?? ''), {
      error: say('holds a name or a password', 'Write the URL without what stands before @'),
    })

/** Text that belongs into the environment; `variable` is the name that the sentence proposes. */
export const secret = (variable: string) => text(`Write "\${${variable}}", and set ${variable} in the environment or in lifeboat.env`)
