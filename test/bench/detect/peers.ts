import type { World } from '../../real/world.ts'
import type { BenchOptions, Figure } from '../frame.ts'
export const peerHosts = { haproxy: '192.0.2.60', gdnsd: '192.0.2.61', powerdns: '192.0.2.62' }
export const peersBeside = async (_world: World, _options: BenchOptions): Promise<Figure[]> => []
