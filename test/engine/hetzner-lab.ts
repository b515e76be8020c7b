import { startSimHetzner, type SimHetzner } from '../../src/demo/sim-hetzner.ts'
import { engineLab, labToken, type EngineLab } from './lab.ts'

export type HetznerLab = EngineLab & { sim: SimHetzner; servers(): Promise<{ id: number; name: string }[]> }

/** The stack `hetzner` of this repository on a simulated Hetzner. */
export const hetznerLab = async (cli: string): Promise<HetznerLab> => {
  const sim = await startSimHetzner({ tokens: [labToken], actionMs: 0 })
  const lab = await engineLab({ cli, cloud: 'hcloud', url: sim.url })
  const stop = async (): Promise<void> => {
    await lab.stop()
    await sim.stop()
  }
  const servers: HetznerLab['servers'] = async () => {
    const response = await fetch(`${sim.url}/servers?label_selector=lifeboat-site%3Dhetzner`, { headers: { authorization: `Bearer ${labToken}` } })
    return ((await response.json()) as { servers: { id: number; name: string }[] }).servers
  }
  return { ...lab, sim, servers, stop }
}
