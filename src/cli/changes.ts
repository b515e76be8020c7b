import type { Settings } from '../config/settings.ts'

/** What differs between two readings of the file, a phrase each; where a secret is what differs, only that it does. */
export function changesOf(before: Settings, after: Settings): string[] {
  const [old, now] = [leavesOf(before), leavesOf(after)]
  const secrets = [...before.secrets, ...after.secrets]
  const show = (text: string | undefined): string => (text === undefined ? 'none' : secrets.some((secret) => text.includes(secret)) ? '(hidden)' : text)
  const paths = [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path))
  return paths.map((path) => `${path} ${show(old.get(path))} → ${show(now.get(path))}`)
}

/** Every value by its path. Lists whose members have a name are told apart by it, so that one that is put in changes no other. */
function leavesOf({ core, checks, sites, vantages, canaries, dns, clouds, store }: Settings): Map<string, string> {
  const leaves = new Map<string, string>()
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return void leaves.set(path, String(value ?? 'none'))
    for (const [key, each] of Object.entries(value)) walk(each, path ? `${path}.${Array.isArray(value) ? nameOf(each, key) : key}` : key)
  }
  walk(core, '')
  // The order of the sites is their preference.
  leaves.set('preference', core.sites.map(({ site }) => site).join(', '))
  walk({ checks, siteOptions: sites, vantageOptions: vantages, canaryUrls: canaries, dnsOptions: dns, clouds, store }, '')
  return leaves
}

const nameOf = (value: unknown, index: string): string => {
  const { site, vantage, host } = (value ?? {}) as Record<string, unknown>
  return String(site ?? vantage ?? host ?? index)
}
