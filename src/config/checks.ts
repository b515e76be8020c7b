import type { File } from './schema.ts'
import type { Check, Settings } from './settings.ts'

type Tls = 'public' | 'any' | { ca: string }

const activeChecks = ({ check }: File, tls: Tls): Check[] => {
  if (check.tcp !== undefined) return [{ kind: 'tcp', port: check.tcp }]
  if (check.dns) return [{ kind: 'dns', ...check.dns }]
  return (check.url ?? []).map((url) => ({ kind: 'http', url, status: check.status ?? [200], body: check.body ?? null, tls }))
}

/** What `standby` does not say is as for the active site. */
const standbyChecks = ({ check }: File, tls: Tls): Check[] | null =>
  check.standby?.url.map((url) => ({
    kind: 'http',
    url,
    status: check.standby?.status ?? check.status ?? [200],
    body: check.standby?.body ?? check.body ?? null,
    tls,
  })) ?? null

/** What is asked at a site, out of the file. `caPem`: the text of `check.tls.ca`; null where none is named. */
export const checksOf = (file: File, caPem: string | null): Settings['checks'] => {
  const tls = caPem !== null ? { ca: caPem } : file.check.tls === 'any' ? 'any' : 'public'
  return { active: activeChecks(file, tls), standby: standbyChecks(file, tls) }
}
