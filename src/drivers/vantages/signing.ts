import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What a vantage can be asked to do; the last part of the path. */
export type Action = 'probe' | 'dig'

/** Header names of a request (both) and of its answer (the signature). */
export const nonceHeader = 'lifeboat-nonce'
/** The header that carries a request's or an answer's signature. */
export const signatureHeader = 'lifeboat-signature'

export type Signing = {
  /** Hex HMAC-SHA256 over what it is, its action, its nonce and its body. An answer is bound to its request by the request's nonce. */
  sign(message: Signable): string
  /** In constant time; false as well where there is no signature. */
  isSigned(message: Signable, signature: unknown): boolean
}
export type Signable = { what: 'ask' | 'answer'; action: Action; nonce: string; body: string | Buffer }

/**
 * Signs and checks with the token that both ends share. No time stands in it: a vantage must answer whose clock is off. What
 * a time would guard against is harmless or caught: a request sent again makes it probe again, an old answer has another nonce.
 */
export const signingWith = (token: string): Signing => {
  const sign = ({ what, action, nonce, body }: Signable): string => {
    const digest = createHash('sha256').update(body).digest('hex')
    return createHmac('sha256', token).update(['lifeboat1', what, action, nonce, digest].join('\n')).digest('hex')
  }
  return {
    sign,
    isSigned: (message, signature) => {
      const right = Buffer.from(sign(message))
      const given = Buffer.from(typeof signature === 'string' ? signature : '')
      return given.length === right.length && timingSafeEqual(given, right)
    },
  }
}
