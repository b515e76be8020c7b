#!/usr/bin/env node
// Plain JavaScript for any Node from 18 on. Where that one strips no types (before 22.18), it runs this file again on the Node that `npm ci` brought.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { fileURLToPath } from 'node:url'

// Node gives a module's real path, so this holds for a link to this file as well.
const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  if (major < 24) process.removeAllListeners('warning') // Types and SQLite are "experimental" there.
  module.enableCompileCache(`${modules}.cache/lifeboat`)
  await import('./main.ts')
} else {
  const node = `${modules}node-linux-${process.arch}/bin/node`
  if (!existsSync(node)) {
    console.error(`lifeboat needs Node 22.18 or later; this is ${process.versions.node}, and ${node} is not there. Run npm ci in its folder, or install a newer Node.`)
    process.exit(2)
  }
  // The fourth is a channel that closes with this process, however it ends: the child then ends too.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  // A terminal tells both of us; the child counts a signal that comes twice at once as one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`lifeboat cannot run ${node}: ${error.message}. Run npm ci in its folder again, or install Node 22.18 or later.`)
    process.exit(2)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
