// What is said of a release that did not come to run, and what of it is known.

import { pinnedKeys, type SshEnd, type SshPlace } from '../drivers/ssh.ts'
import { exits, Said } from '../errors.ts'

/** How far it came: nothing was heard yet, the host answers, it was told to begin, it was told to keep it. */
export type Phase = 'asked' | 'heard' | 'begun' | 'told'

const asItWas = 'The release that runs there is as it was'

const failures: Record<string, { exit?: number; says(site: string, detail: string, why: string): string }> = {
  missing: { says: (site, detail) => `${site}'s host has no ${detail} that the user lifeboat can use. A new machine is still being set up (there: cloud-init status); another one, set it up as stacks/cloud-init.ts does` },
  busy: { says: (site) => `Another push to ${site} is under way: this one did nothing there. When that has ended, type it again` },
  lost: { says: (site) => `What was sent to ${site} did not arrive whole. ${asItWas}` },
  config: { exit: exits.user, says: (site) => `docker compose at ${site} does not take the compose file (its words stand above). ${asItWas}` },
  pull: { says: (site) => `The images could not be pulled at ${site} (docker's words stand above). ${asItWas}` },
  certificate: { says: (site) => `HAProxy at ${site} did not take the certificate, and has the one of before. ${asItWas}` },
  up: { says: (site) => `The release could not be started at ${site} (docker's words stand above). The one of before runs there again` },
  unwell: { says: (site, _, why) => `The app was not well at ${site}: ${why}. What ran there before runs again` },
  link: { says: (site) => `The disk of ${site} could not be written. What ran there before runs again` },
}

/** What the host says that it could not do. `why`: what was not well. */
export function failureSaid({ site, what: [word = '', ...rest], why, stopped }: { site: string; what: string[]; why: string | null; stopped: boolean }): Said {
  const detail = rest.join(' ')
  if (word === 'stuck') return new Said(`The release was taken back at ${site}, and what ran there before could not be started again (docker's words stand above). Look there: docker compose ls`, exits.unfinished)
  if (stopped) return new Said(`Stopped: what ran at ${site} before runs there as before`, exits.unfinished)
  const { exit = exits.unfinished, says } = failures[word] ?? { says: () => `${site} could not do it: ${word}` }
  return new Said(says(site, detail, why ?? 'nobody said that it was'), exit)
}

const known: Record<Phase, string> = {
  asked: 'Nothing was done there',
  heard: asItWas,
  begun: 'Its host goes back to the release of before by itself, within minutes',
  told: 'Which release runs there is not known',
}

/** What an end says that nobody asked for: no way there, a key that is not the pinned one, a connection that was lost. */
export function lostSaid({ site, place, phase, stopped, end }: { site: string; place: SshPlace; phase: Phase; stopped: boolean; end: SshEnd }): Said {
  const { address, knownHosts } = place
  const last = end.said.trim().split('\n').at(-1)?.trim() ?? ''
  if (end.missing) return new Said('There is no ssh on this machine, and push goes over it. Install the OpenSSH client')
  if (stopped) return new Said(`Stopped. ${site}: ${known[phase]}`, exits.unfinished)
  if (/host key verification failed|identification has changed/i.test(end.said)) {
    const shown = /SHA256:\S+?(?=\.?\s|\.?$)/.exec(end.said)?.[0] ?? 'another one'
    const pinned = pinnedKeys(place).map(({ print }) => print).join(', ')
    return new Said(`refuse: the key of ${site}'s host (${address}) is ${shown}, and pinned is ${pinned}: another machine may stand there. Nothing was sent. Where it was replaced by you: ssh-keygen -R ${address} -f ${knownHosts}`, exits.refused)
  }
  if (/permission denied/i.test(end.said)) return new Said(`${site}'s host (${address}) lets nobody in as lifeboat with the keys that ssh has here. Put a public key of yours there, or name the private one in ~/.ssh/config`)
  if (phase === 'asked') return new Said(`${site}'s host (${address}) cannot be reached over SSH: ${last || 'no answer in time'}. ${known.asked}`, exits.unfinished)
  return new Said(`The connection to ${site}'s host was lost${last ? ` (${last})` : ''}. ${known[phase]}. To go on: the same command again`, exits.unfinished)
}
