import type { Cli } from '../cli.ts'

/** What `npm start` runs. */
export async function demo(cli: Cli): Promise<number> {
  const { demo: play } = await import('../../demo/demo.ts')
  return play({ color: cli.coloured }, cli.stop())
}
