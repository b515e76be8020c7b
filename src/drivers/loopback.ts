import ipaddr from 'ipaddr.js'

/** Does the IP address stay on this machine? An IPv4 address within an IPv6 one counts as what it is. Throws where it is no address. */
export const isLoopback = (address: string): boolean => ipaddr.process(address).range() === 'loopback'
