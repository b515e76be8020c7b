import { defineConfig } from 'vitest/config'
import { waitMs } from './test/lab/wait.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    watch: false,
    // A process a file: tests start servers, open stores and change their environment. Two, for two cores.
    pool: 'forks',
    maxWorkers: 2,
    // Some tests run real servers and processes for 15 s on two idle cores; a busy machine takes several times as long.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    expect: { poll: { timeout: waitMs } },
  },
})
