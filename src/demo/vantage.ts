// A vantage of the demo: what `lifeboat vantage` runs, asking from an address of its own, so that the demo can cut its network.
// `node vantage.ts NAME SOURCE_ADDRESS`; the token comes in LIFEBOAT_VANTAGE_TOKEN. It ends with its parent.
import { machineClock } from '../clock.ts'
import { digHost } from '../drivers/dns/query.ts'
import { hereVantage } from '../drivers/vantages/here.ts'
import { serveVantage } from '../drivers/vantages/server.ts'
import { version } from '../version.ts'

const [name = '', source = ''] = process.argv.slice(2)
const clock = machineClock
const vantage = hereVantage({ vantage: name, clock, version, source, digHost: (dig, signal) => digHost(dig, clock, signal) })
const server = await serveVantage({ listen: '127.0.0.1:0', token: process.env.LIFEBOAT_VANTAGE_TOKEN ?? '', vantage, log: () => {}, clock })
process.send?.({ listening: server.port })
process.on('disconnect', () => process.exit(0))
