import type { Ledger, Move } from '../../src/core/types.ts'

export const ledgerOf = (epoch: number, more: Partial<Ledger> = {}): Ledger => ({
  app: 'shop', owner: null, epoch, active: null, activeEpoch: 0, fenced: false, trusted: true, record: null, move: null, past: [],
  pause: null, given: [], ours: [], hosts: {}, reassertsMs: [], staleUntilMs: null, longTailUntilMs: null, servedTtlS: null, ...more,
})

export const moveOf = (epoch: number): Move => ({
  kind: 'failover', from: 'aws', to: 'hetzner', addresses: ['127.0.0.2'], steps: ['ready'], epoch, id: 'm', by: 'lifeboat', cause: 'cut', decision: 'd',
  startedMs: 1, lifted: { force: false, unready: false, unfenced: false, acceptLoss: false }, promoteTried: false, automatic: true,
})
