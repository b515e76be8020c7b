import * as accounts from './accounts.ts'
import * as checks from './checks.ts'
import * as dns from './dns.ts'
import * as elsewhere from './elsewhere.ts'
import * as fates from './fates.ts'
import type { Rule } from './rule.ts'
import * as running from './running.ts'
import * as sites from './sites.ts'
import * as vantages from './vantages.ts'
import * as votes from './votes.ts'

/** Every rule of the house, in no particular order: what is found is printed in the order of the file. */
export const rules: Rule[] = [
  sites.fewerThanTwoSites,
  sites.addressOrStack,
  sites.stackNeverRead,
  sites.withoutStack,
  sites.sameAddress,
  sites.v6BesideHostname,
  sites.mixedKinds,
  sites.apexNeedsIp,
  sites.addressIsMovedName,
  sites.withoutIpv4,
  checks.oneKindOfCheck,
  checks.onlyWithUrl,
  checks.timeoutBelowInterval,
  checks.urlOffTheNames,
  checks.canaryInsideSite,
  checks.canaryAtSitesCloud,
  checks.canaryIsMovedName,
  checks.sameCanary,
  checks.withoutCanaries,
  vantages.noVantages,
  vantages.thisProcessTwice,
  vantages.urlAndToken,
  vantages.sameVantage,
  vantages.plainHttp,
  votes.nobodyVotes,
  votes.quorumAboveVoters,
  votes.quorumWithoutMajority,
  votes.quorumLostWithCloud,
  elsewhere.moreThanItTakes,
  elsewhere.shortToken,
  dns.nameTwice,
  dns.nameInNoZone,
  dns.zoneWithoutName,
  dns.privateZoneWithoutServers,
  dns.hostTwice,
  dns.ttlBelowMinimum,
  dns.keyAndSecret,
  dns.embeddedOffLoopback,
  fates.dnsHostInSitesAccount,
  fates.nameServerAtSite,
  fates.controllerInSitesAccount,
  fates.sharedFateElsewhere,
  accounts.cloudWithoutEntry,
  accounts.cloudWithoutDriver,
  accounts.entryWithoutSite,
  accounts.sameCredentialTwice,
  accounts.halfAwsKey,
  accounts.plainEndpoint,
  running.automaticWithoutData,
  running.withoutData,
  running.withoutOwner,
  running.urlOrExec,
  running.listenWithoutToken,
  running.plainChannel,
]
