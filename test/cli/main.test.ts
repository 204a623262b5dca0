import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { portcullis } from './portcullis.js'

const keysAndTokens = ['keys generate', 'keys rotate', 'keys publish', 'keys inspect', 'token issue', 'token inspect']

describe('the program portcullis', () => {
  it('begins so that a shell can run it', () => {
    const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))
    expect(readFileSync(main, 'utf8')).to.match(/^#!\/usr\/bin\/env node\n/)
  })

  it('lists its commands', async () => {
    for (const { status, stdout, stderr } of await Promise.all(['--help', '-h', 'help'].map((word) => portcullis(word)))) {
      expect([status, stderr]).to.deep.equal([0, ''])
      expect(stdout)
        .to.match(/^ {2}api-key {2,}Make /m)
        .and.to.match(/^ {2}keys generate {2,}Make /m)
    }
  })

  it('says what each command takes, in lines that fit a terminal', async () => {
    for (const command of ['api-key', 'audit', 'client-secret', 'limits show', 'limits reset', ...keysAndTokens]) {
      const { status, stdout, stderr } = await portcullis(...command.split(' '), '--help')
      expect([status, stderr]).to.deep.equal([0, ''])
      expect(stdout).to.include(`Usage: portcullis ${command} `)
      for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(110)
    }
  })

  it('ends with 2 and says on the error stream alone what is wrong', async () => {
    const wrong: ReadonlyArray<readonly [words: readonly string[], said: RegExp]> = [
      [[], /^Usage: portcullis <command>/m],
      [['apikey'], /^portcullis: there is no command "apikey"$/m],
      [['__proto__'], /there is no command/],
      [['api-key', 'more'], /^portcullis api-key: Unexpected argument 'more'$/m],
      [['api-key', '--own', 'x'], /^portcullis api-key: Unknown option '--own'$/m],
      [['api-key', '--owner'], /argument missing$/m],
      [
        ['api-key', '--owner', '--scope', 'x'],
        /^portcullis api-key: Option '--owner' has no value: one that begins with a dash is written --owner=-…$/m,
      ],
      [['keys', 'generate', '--help=yes'], /does not take an argument$/m],
      [['keys', 'generate', '--kid', ''], /^portcullis keys generate: --kid is empty$/m],
      [['keys', 'generate', '--kid', 'a', '--kid', 'b'], /--kid is given 2 times: give it once$/m],
    ]
    await Promise.all(
      wrong.map(async ([words, said]) => {
        const { status, stdout, stderr } = await portcullis(...words)
        expect([status, stdout], words.join(' ')).to.deep.equal([2, ''])
        expect(stderr).to.match(said)
        expect(stderr).not.to.match(/\n\s+at /)
      }),
    )
  })
})
