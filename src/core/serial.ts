/** Is a zone's SOA serial earlier than another (RFC 1982, 32 bits)? Two that are half the circle apart cannot be compared: no. */
export const isEarlier = (serial: number, than: number): boolean => {
  const apart = (serial - than) | 0
  return apart < 0 && apart !== -(2 ** 31)
}
