// Every code that is logged, stored or printed stands here once, with its meaning. The README's table is made from this list.

/** What the evidence says of a site (DESIGN.md, "Verdicts"; the first row that matches wins). */
export const verdicts = {
  abstain: 'the observer does not trust itself: its clock, its rounds or all its vantages are unwell',
  cut: 'the company took the account, the keys or the machine away',
  stopped: 'the machine was stopped by somebody who may do so',
  foreign: 'somebody else answers at the address',
  'app-fault': 'the host is well and the app is not',
  down: 'the site does not answer, and no account evidence says why',
  notice: 'the company warns, and the site still serves',
  'control-plane-degraded': "the cloud's API fails while the app is well",
  blip: 'some voter sees it fail, or too few voters agree',
  well: 'nothing is wrong',
} as const
export type Verdict = keyof typeof verdicts

/** What the votes say of a site. */
export const healths = {
  up: 'at least a quorum of its voters reach it',
  down: 'at least a quorum of its voters do not',
  unknown: 'both or neither: never taken for down',
} as const
export type Health = keyof typeof healths

/** What a decision comes to. */
export const decisions = {
  hold: 'there is nothing to do',
  refuse: 'it would act, and that is not safe or not wanted',
  move: 'a move is opened',
  set: 'a request changed the ledger, and nothing moves',
} as const

/** What one answer of a probe came to. */
export const answers = {
  ok: 'as the check asks',
  app: 'the app answered, and not as the check asks',
  foreign: 'a stranger answered: a certificate valid for other names only, or a redirect off the names',
  refused: 'the port refused the connection',
  silent: 'no answer: a time-out, a reset or no way there',
  'other-site': 'another site of ours answered at this address',
  unable: 'this vantage cannot ask (no such address family here): no vote',
} as const
export type AnswerKind = keyof typeof answers

/** What one reading of an account or a machine claims. */
export const claims = {
  'account-well': 'the account is in good standing',
  'account-locked': 'the company locked the account',
  'account-warning': 'the company warns about the account',
  'machine-running': 'the machine runs',
  'machine-locked': 'the company locked the machine',
  'machine-blocked': "the company blocked the machine's address",
  'machine-gone': 'the machine no longer exists, and two endpoints agree',
  'machine-stopped': 'the machine is off, and nobody is named',
  'machine-stopped-by-operator': 'the machine is off by an action of an operator or of lifeboat',
  'credentials-refused': 'both credentials are refused while a bogus one is refused as it should be',
  'api-failing': "the cloud's API does not answer, or answers nonsense",
  'clock-off': "our clock differs from the cloud's",
  unknown: 'could not find out',
} as const
export type Claim = keyof typeof claims

/** Why a decision is what it is. `alarm`: somebody must be told even where nothing moves. */
export const reasons = {
  starting: { alarm: false, means: 'too few rounds yet' },
  'not-adopted': { alarm: false, means: 'the names are not taken over yet' },
  'owner-missing': { alarm: true, means: 'the file has no owner, so no marker can be written or told apart' },
  'store-untrusted': { alarm: true, means: 'the store may be an old copy; it never acts by itself' },
  'move-open': { alarm: false, means: 'a move is under way' },
  well: { alarm: false, means: 'nothing is wrong' },
  abstain: { alarm: true, means: 'the observer does not trust itself' },
  blip: { alarm: false, means: 'in doubt, and doubt holds' },
  notice: { alarm: true, means: 'the company warns; a person decides' },
  'control-plane-degraded': { alarm: false, means: "the cloud's API fails, the app is well" },
  'outage-budget': { alarm: false, means: 'down, and not yet for as long as policy.outage' },
  'app-fault-budget': { alarm: false, means: 'the app fails, and not yet for as long as policy.appFault' },
  'app-fault-never': { alarm: true, means: 'the app fails, and policy.appFault is never' },
  'cut-unconfirmed': { alarm: false, means: 'a cut was read once; it is read again after policy.confirmCut' },
  'cut-serving': { alarm: true, means: 'the account is cut and the site still serves: a person decides' },
  'stopped-by-operator': { alarm: true, means: 'an operator stopped the machine: a person decides' },
  'automatic-off': { alarm: true, means: 'policy.automatic is false: it says what it would do' },
  paused: { alarm: true, means: 'automatic moves are paused' },
  cooldown: { alarm: true, means: 'the only target was left a short time ago' },
  'moves-capped': { alarm: true, means: 'policy.maxMovesPerHour is reached' },
  'data-held': { alarm: true, means: 'data would be left behind, and only a cut may do that by itself' },
  'no-target': { alarm: true, means: 'no other site is known to be well: the last answer stays' },
  cut: { alarm: true, means: 'the company cut the site off' },
  outage: { alarm: true, means: 'down for longer than policy.outage' },
  'app-fault': { alarm: true, means: 'the app failed for longer than policy.appFault' },
  preferred: { alarm: false, means: 'a more preferred site is well again, and policy.failback is automatic' },
  'address-changed': { alarm: true, means: "the active site's address changed" },
  redirect: { alarm: true, means: 'an open move was turned to another site' },
  request: { alarm: false, means: 'a person asked for it' },
  disowned: { alarm: false, means: 'a person let go of the names: the records stay' },
  // why a person's request is refused, or what became of it
  'active-is-up': { alarm: false, means: 'the active site is up' },
  'target-unready': { alarm: false, means: 'the target is not known to be well' },
  'target-cold': { alarm: false, means: 'the target has no address yet' },
  'target-fenced': { alarm: false, means: 'the target was given up and has not rejoined' },
  'target-active': { alarm: false, means: 'the target is active already' },
  'source-not-well': { alarm: false, means: 'a planned move needs both sites well' },
  'loss-not-accepted': { alarm: false, means: 'data would be left behind' },
  'unknown-site': { alarm: false, means: 'no such site' },
  'plan-changed': { alarm: false, means: 'the plan made now differs from the one that was agreed to' },
  expired: { alarm: false, means: 'nobody took the request in time; it never runs' },
  'not-fenced': { alarm: false, means: 'the site is not fenced' },
  'not-paused': { alarm: false, means: 'nothing is paused' },
} as const
export type Reason = keyof typeof reasons

/** Kinds of a move. */
export const moveKinds = {
  failover: 'unplanned: the active site is given up',
  switchover: 'planned: both sites well, nothing lost',
  evacuate: 'planned, against a deadline',
  failback: 'a switchover to the most preferred healthy site',
  repoint: 'the active site stays; the names are brought to its address',
  adopt: 'the names are taken over, and point at the active site',
} as const
export type MoveKind = keyof typeof moveKinds
/** What a person may ask for by name; the others follow from what is so. */
export type AskedKind = Exclude<MoveKind, 'evacuate' | 'repoint' | 'adopt'>

/** The steps of every move, in their order. */
export const steps = ['ready', 'claim', 'drain', 'fence', 'caught-up', 'promote', 'shift', 'point', 'confirm'] as const
/** One step of a move. */
export type Step = (typeof steps)[number]

/** How a move stands. */
export const moveStates = {
  open: 'under way',
  done: 'confirmed at every DNS host',
  'done-with-debts': 'confirmed at enough of them; the others are brought up when they return',
  abandoned: 'given up for another target',
  superseded: 'another controller acts',
} as const
export type MoveState = keyof typeof moveStates

/** How a step ended. */
export const outcomes = {
  done: 'its goal is seen',
  nothing: 'there is nothing to do at this step',
  waiting: 'its goal is not seen yet',
  unknown: 'an effect was not answered; the world is read again',
  lost: 'somebody else wrote first; the world is read again',
  refused: 'the other side refused',
  abandoned: 'the move was given up here',
} as const
export type Outcome = keyof typeof outcomes

/** What a site is to the app now. */
export const roles = {
  active: 'the app is served from here',
  standby: 'stands ready',
  fenced: 'was given up and has not rejoined',
  cold: 'is not created yet',
} as const
export type Role = keyof typeof roles

/** How a DNS host stands against the ledger. */
export const hostStates = {
  written: 'it took the change; not all of its name servers show it yet',
  served: 'every name server of it that answers shows it',
  lost: 'it cannot be read or written, or it serves something else',
} as const
export type HostState = keyof typeof hostStates

/** `event` of a log line and of a journal entry. */
export const events = {
  start: 'the controller started',
  config: 'the configuration was read or changed',
  health: "a site's health or verdict changed",
  evidence: 'a cloud said something new of an account or a machine',
  decision: 'the decision changed',
  step: 'a step of a move began or ended',
  move: 'a move was opened or closed',
  vantage: 'a vantage went blind or came back',
  leader: 'who leads changed',
  dns: 'a DNS host was found changed, or was brought up',
  request: "a person's request was taken, refused or expired",
  notify: 'a message was sent or could not be',
  stop: 'the controller stopped',
} as const
export type Event = keyof typeof events

/** What one line of `check --online` comes to. */
export const findings = {
  ok: 'it was looked at, and is as it should be',
  warn: 'it works, and somebody should know this',
  fail: 'it is not as it should be',
  unknown: 'could not find out',
} as const
export type FindingKind = keyof typeof findings

/** What a message to people is about: `events` of a channel, and of each message. */
export const tells = {
  move: 'a move starts, waits, ends or is given up',
  alarm: 'somebody should look: something is wrong, or is over',
  test: 'a person tries the channels (lifeboat notify)',
} as const
export type Tell = keyof typeof tells
