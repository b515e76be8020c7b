import { execa } from 'execa'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cache, cannotHave } from './cli.ts'

const packages = ['moto[ec2]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5']
const home = join(cache, 'moto-5.2.5')
const python = join(home, 'bin/python')
const ready = join(home, 'ready')

// Programs in it know their folder, so it is made where it stays; who waited for the lock finds the work done.
const install = 'test -e "$2" && exit 0; python3 -m venv --clear "$1" && "$1/bin/python" -m pip install --quiet --disable-pip-version-check "${@:3}" && touch "$2"'

/** The Python that has moto. Null where it cannot be had. */
export const motoPython = async (): Promise<string | null> => {
  try {
    if (await access(ready).then(() => true, () => false)) return python
    await mkdir(cache, { recursive: true })
    await execa('flock', [`${home}.lock`, 'bash', '-c', install, 'install', home, ready, ...packages], { timeout: 300_000 })
    return python
  } catch (error) {
    return cannotHave('moto, which stands in for EC2, could not be installed, so the stack aws cannot be tried', error)
  }
}

/** moto's EC2 and STS at a free port of 127.0.0.1. */
export const startMoto = async (program: string): Promise<{ url: string; stop(): Promise<void> }> => {
  const server = execa(program, ['-u', '-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], { reject: false, all: true, env: { NO_COLOR: '1' } })
  let said = ''
  const url = await new Promise<string>((listening, failed) => {
    server.all.on('data', (chunk: Buffer) => {
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec((said += chunk.toString())) ?? []
      if (found) listening(found)
    })
    void server.then(() => failed(new Error(`moto has ended: ${said}`)))
  })
  return {
    url,
    stop: async () => {
      server.kill('SIGKILL')
      await server
    },
  }
}
