import manifest from '../package.json' with { type: 'json' }

/** lifeboat's own version, as package.json has it. */
export const version = manifest.version
