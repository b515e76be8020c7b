import { embeddedWith } from '../../lab/servers.ts'
import { moveSuite } from './moves.ts'

moveSuite('embedded', async (zones) => [await embeddedWith(zones)])
