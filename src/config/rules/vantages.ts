import { isReadable } from '../addresses.ts'
import type { Fault } from '../faults.ts'
import { entriesOf, pairs } from '../lists.ts'
import type { Rule } from './rule.ts'

export const noVantages: Rule = {
  reads: ['vantages'],
  judge: ({ vantages }) =>
    vantages && Object.keys(vantages).length === 0
      ? [{ path: ['vantages'], what: 'lists nobody who could vote', instead: 'Leave the key out, and this process alone votes' }]
      : [],
}

export const thisProcessTwice: Rule = {
  reads: ['vantages.*.url'],
  judge: ({ vantages = {} }) =>
    entriesOf(vantages)
      .filter(([, { url }]) => url === undefined)
      .slice(1)
      .map(([name]) => ({
        path: ['vantages', name],
        what: 'is this process a second time, since it has no url',
        got: null,
        instead: 'Write its url, or delete it',
      })),
}

export const urlAndToken: Rule = {
  reads: ['vantages.*.url', 'vantages.*.token'],
  judge: ({ vantages = {} }) =>
    entriesOf(vantages).flatMap(([name, { url, token }]): Fault[] => {
      if (url !== undefined && token === undefined)
        return [{
          path: ['vantages', name, 'url'],
          what: 'has no token beside it, so that its answers could be anybody\'s',
          instead: 'Write token: "${NAME}", as that vantage has it in LIFEBOAT_VANTAGE_TOKEN',
        }]
      if (url === undefined && token !== undefined)
        return [{
          path: ['vantages', name, 'token'],
          what: 'stands at a vantage without url, which is this process',
          instead: 'Write its url, or delete the token',
        }]
      return []
    }),
}

export const sameVantage: Rule = {
  reads: ['vantages.*.url'],
  judge: ({ vantages = {} }) =>
    pairs(entriesOf(vantages).flatMap(([name, { url }]) => (url === undefined ? [] : [{ name, href: new URL(url).href }])))
      .filter(([one, other]) => one.href === other.href)
      .map(([one, other]) =>
        [one, other].map(({ name }, i): Fault => {
          const twin = i === 0 ? other : one
          return {
            path: ['vantages', name, 'url'],
            what: `is vantage ${twin.name} again, which would vote twice`,
            instead: 'Write the address of another vantage',
          }
        }),
      ),
}

export const plainHttp: Rule = {
  reads: ['vantages.*.url'],
  warns: true,
  judge: ({ vantages = {} }) =>
    entriesOf(vantages)
      .filter(([, { url }]) => url !== undefined && isReadable(url))
      .map(([name]) => ({
        path: ['vantages', name, 'url'],
        what: 'is plain http: what is asked and answered can be read on the way, though not changed',
        instead: 'Write https:// where the vantage can serve it',
      })),
}
