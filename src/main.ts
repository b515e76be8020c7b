import { enableCompileCache } from 'node:module'

// Before anything else of ours is imported, so that it is compiled once. The launcher has done it already, for this file too.
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/lifeboat`)
const { runCommandLine } = await import('./cli/command-line.ts')

// Connections that are kept open for the next round must not keep the process.
process.exit(await runCommandLine(process.argv.slice(2)))
