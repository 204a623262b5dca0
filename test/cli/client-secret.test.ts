import { expect } from 'chai'
import { isClientSecret } from '../../lib/oauth/server/client-secret.js'
import { portcullis } from './portcullis.js'

describe('portcullis client-secret', () => {
  it('prints a new secret each time, and the hash that the server keeps', async () => {
    const printed = await Promise.all([portcullis('client-secret'), portcullis('client-secret')])
    const secrets = printed.map(({ stdout }) => stdout.split('\n'))
    for (const [secret = '', hash = ''] of secrets) {
      expect(secret).to.match(/^[A-Za-z0-9_-]{43}$/)
      expect(await isClientSecret(secret, hash)).to.equal(true)
      expect(await isClientSecret(`${secret}x`, hash)).to.equal(false)
    }
    expect(secrets[0]![0]).not.to.equal(secrets[1]![0])
  })
})
