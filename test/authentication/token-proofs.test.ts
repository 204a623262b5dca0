import { expect } from 'chai'
import { challengesOf } from '../../lib/authentication/challenges.js'
import { ProofRefused } from '../../lib/authentication/dpop.js'
import { tokenProofs } from '../../lib/authentication/token-proofs.js'
import { TokenRefused, refused } from '../../lib/authentication/verifier.js'
import type { Identity } from '../../lib/context.js'
import { ApiError } from '../../lib/errors.js'
import { exchangeOf } from '../exchange.js'

const identity: Identity = {
  ...{ id: 'u1', kind: 'user', issuer: 'https://auth.test', roles: [], scopes: [], claims: {} },
  ...{ tokenId: 't1', expiresAt: 4_102_444_800_000, proofKey: 'thumb' },
}

/** The reason of the refusal, or the id of whoever calls; and how many proofs were looked at. */
async function outcomeOf(verify: () => unknown, prove: () => string = () => 'thumb'): Promise<readonly [string, number]> {
  let looks = 0
  const { identify } = tokenProofs({
    verifier: { verify: verify as () => Identity },
    proofs: { algorithms: 'ES256', nonce: () => undefined, verify: async () => ((looks += 1), prove()) },
    challenges: challengesOf({ realm: 'api', proofAlgorithms: 'ES256' }),
    origin: 'https://api.test',
    isRequired: true,
  })
  try {
    return [(await identify(exchangeOf({}), 'token')).id, looks]
  } catch (thrown) {
    return [thrown instanceof ApiError || thrown instanceof TokenRefused ? thrown.reason : String(thrown), looks]
  }
}

describe('a token that is bound to a key', () => {
  it('is let in with a proof of its key', async () => {
    expect(await outcomeOf(() => identity)).to.deep.equal(['u1', 1])
    expect(await outcomeOf(async () => identity)).to.deep.equal(['u1', 1])
  })

  it('is refused, whether its verifier throws the refusal, rejects with it or gives it, and no proof is looked at', async () => {
    for (const verify of [
      () => refused('expired'),
      async () => refused('expired'),
      () => {
        throw refused('expired')
      },
      () => Promise.reject(refused('expired')),
    ]) {
      expect(await outcomeOf(verify)).to.deep.equal(['expired', 0])
    }
  })

  it('is refused without a key, with the proof of another, and with a proof that is none', async () => {
    expect(await outcomeOf(() => ({ ...identity, proofKey: undefined }))).to.deep.equal(['unbound', 0])
    expect(
      await outcomeOf(
        () => identity,
        () => 'another',
      ),
    ).to.deep.equal(['sender-constrained', 1])
    const broken = () => {
      throw new ProofRefused('bad-signature')
    }
    expect(await outcomeOf(() => identity, broken)).to.deep.equal(['proof-bad-signature', 1])
  })
})
