/** CPUs and memory. */
export type Size = { cpus: number; memoryGb: number }

/** As the clouds list them (2026-11); a DigitalOcean type says it itself. */
const known: Record<string, [cpus: number, memoryGb: number]> = {
  't3.small': [2, 2], 't3.medium': [2, 4], 't3.large': [2, 8], 't3.xlarge': [4, 16],
  't3a.small': [2, 2], 't3a.medium': [2, 4], 't3a.large': [2, 8], 't3a.xlarge': [4, 16],
  'm7i.large': [2, 8], 'm7i.xlarge': [4, 16], 'c7i.large': [2, 4], 'c7i.xlarge': [4, 8],
  cx23: [2, 4], cx33: [4, 8], cx43: [8, 16], cx53: [16, 32],
  cpx22: [2, 4], cpx32: [4, 8], cpx42: [8, 16], cpx52: [12, 24], cpx62: [16, 32],
  ccx13: [2, 8], ccx23: [4, 16], ccx33: [8, 32],
}

/** Null: nobody here knows this type, and its cloud alone says whether it is large enough. */
export const sizeOf = (type: string): Size | null => {
  const [, vcpus, gb] = /^[a-z0-9]+-(?:(\d+)vcpu-)?(\d+)gb(?:-|$)/.exec(type) ?? []
  const [cpus, memoryGb] = Object.hasOwn(known, type) ? (known[type] ?? []) : vcpus && gb ? [Number(vcpus), Number(gb)] : []
  return cpus && memoryGb ? { cpus, memoryGb } : null
}
