import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { composeOf } from '../../src/release/compose.ts'
import { readApp } from '../../stacks/app.ts'

test('the example app can be brought as it stands', () => {
  const { ours } = composeOf(readApp(), fileURLToPath(new URL('../../stacks', import.meta.url)))
  expect(ours).toContain('127.0.0.1:8080:3000')
})
