import { importPKCS8 } from 'jose'
import * as oauth from 'oauth4webapi'
import { privateKeyOf } from '../../authentication/key-material.js'
import type { AsymmetricKey } from '../../authentication/key-material.js'
import { familyOf } from '../../authentication/algorithms.js'
import type { Algorithm } from '../../authentication/algorithms.js'

/** Who a program is at an authorization server, and how it shows that. */
export interface ClientIdentity {
  readonly clientId: string
  /** Shown by HTTP Basic (RFC 6749 §2.3.1). */
  readonly clientSecret?: string
  /** Signs assertions instead (`private_key_jwt`, RFC 7523 §2.2), so that no secret ever leaves. */
  readonly privateKey?: { readonly key: AsymmetricKey; readonly algorithm: Algorithm; readonly kid?: string }
}

/** What is wrong with it; undefined where nothing is. */
export function identityMistake({ clientId, clientSecret, privateKey }: ClientIdentity): string | undefined {
  if (typeof clientId !== 'string' || clientId === '') return 'clientId is empty: write what the authorization server knows this program by'
  if (clientSecret !== undefined && privateKey !== undefined) return 'there is a clientSecret and a privateKey: give one of them'
  if (clientSecret === '') return 'clientSecret is empty: read it from the environment or a vault'
  if (privateKey === undefined) return undefined
  if (familyOf(privateKey.algorithm) === undefined || familyOf(privateKey.algorithm) === 'secret')
    return 'privateKey.algorithm signs with no private key'
  let mistake: string | undefined
  privateKeyOf(privateKey.key, privateKey.algorithm, (problem, mend) => (mistake = `privateKey: ${problem}: ${mend}`))
  return mistake
}

/** How oauth4webapi shows who the program is. */
export async function clientAuthOf({ clientSecret, privateKey }: ClientIdentity): Promise<oauth.ClientAuth> {
  if (clientSecret !== undefined) return oauth.ClientSecretBasic(clientSecret)
  if (privateKey === undefined) return oauth.None()
  const { key, algorithm, kid } = privateKey
  const own = privateKeyOf(key, algorithm, () => undefined)
  const pem = own?.export({ format: 'pem', type: 'pkcs8' }).toString() ?? ''
  const cryptoKey = await importPKCS8(pem, algorithm)
  return oauth.PrivateKeyJwt(kid === undefined ? cryptoKey : { key: cryptoKey, kid })
}
