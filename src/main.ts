import { runCommandLine } from './cli/command-line.ts'

// Connections that are kept open for the next round must not keep the process.
process.exit(await runCommandLine(process.argv.slice(2)))
