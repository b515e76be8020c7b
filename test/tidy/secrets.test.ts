// Nothing here points at anybody's machine, and nothing looks like a key that somebody could hold.
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { filesOf, read } from './sources.ts'

const texts = () =>
  filesOf('src', 'stacks', 'test', 'README.md', 'vitest.config.ts', '.ci')
    .filter((path) => !path.startsWith('test/specs/'))
    .map((path) => ({ path, text: read(path) }))

const found = (form: RegExp, keep: (match: string) => boolean): string[] =>
  texts().flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => [...line.matchAll(form)].filter((m) => keep(m[0])).map((m) => `${path}:${i + 1}: ${m[0].slice(0, 24)}`)),
  )

// RFC 5737, RFC 3849, RFC 1122: documentation, loopback, and the unspecified address that a server listens on; and where a cloud's machine asks about itself.
const allowed = ['127.0.0.0/8', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '0.0.0.0/32', '169.254.169.254/32', '::1/128', '::/128', '2001:db8::/32'].map((range) => ipaddr.parseCIDR(range))
const isAllowed = (text: string): boolean => {
  const address = ipaddr.parse(text)
  return allowed.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
}

describe('addresses', () => {
  test('IPv4: documentation ranges and loopback only', () => {
    // A netmask and a section of an RFC are no addresses.
    const wrong = found(/(?<![\w.-]|section )\d{1,3}(?:\.\d{1,3}){3}(?![\w.-]*\d)/g, (m) => ipaddr.IPv4.isValidFourPartDecimal(m) && !isAllowed(m) && !['255.0.0.0', '255.255.255.255'].includes(m))
    expect(wrong, 'use 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or 127.0.0.0/8').toEqual([])
  })

  test('IPv6: documentation and loopback only', () => {
    const wrong = found(/(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})+(?![\w:])|(?<![\w:.])[0-9a-f]{1,4}::(?:[0-9a-f:]+)?(?![\w:])/gi, (m) => ipaddr.IPv6.isValid(m) && !isAllowed(m))
    expect(wrong, 'use 2001:db8::/32 or ::1').toEqual([])
  })
})

describe('secrets', () => {
  const forms: [name: string, form: RegExp][] = [
    ['an AWS key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g],
    ['a DigitalOcean token', /\bdo[opr]_v1_[0-9a-f]{64}\b/g],
    ['a GitHub token', /\b(?:gh[pousr]_\w{36,}|github_pat_\w{22,})/g],
    ['a Slack token', /\bxox[abprs]-[\w-]{10,}/g],
    ['a Stripe key', /\b[rs]k_(?:live|test)_\w{16,}/g],
    ['a private key', /-----BEGIN (?:\w+ )*PRIVATE KEY-----/g],
    ['a JSON web token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g],
    ['a password in an address', /\b[a-z][a-z0-9+]*:\/\/[^\s/:@'"`${}]+:[^\s/@'"`${}]+@/g],
  ]
  test.each(forms)('nothing looks like %s', (_, form) => {
    expect(found(form, (m) => !/(.)\1{15}|not-a-real/.test(m)), 'make it plain that it is none: not-a-real-…, or one digit repeated').toEqual([])
  })
})
