import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite.ts'
import { folder } from './fixtures.ts'
import { keeps, storeSuite } from './suite.ts'

storeSuite('sqlite', () => {
  let path: string | null = null
  return { client: (clock) => openSqlite({ path: (path ??= join(folder(), 'shop.db')), app: 'shop', clock, keeps }) }
})
