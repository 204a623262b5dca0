import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { secretChainKey } from '../audit/chain/keys.js'
import type { Verification } from '../audit/chain/verifier.js'
import { verifyAuditLog } from '../audit/chain/verify.js'
import { UsageError, optional } from './command.js'
import type { Command, OptionValues, Printed, Surroundings } from './command.js'

/** Checks the chain of an audit log. */
export const auditVerify: Command = {
  name: 'audit-log verify',
  summary: 'Check that an audit log is as it was written, and name the first record that is not',
  description: [
    'Checks the chain of an audit log.',
    'Ends with 0 where every record is there as it was written, with 1 where not, and says what happened first.',
    'Without --head nobody can tell that records were cut off at the end.',
  ].join('\n'),
  examples: ['portcullis audit-log verify audit-*.log audit.log --key-file chain.key --head audit.head'],
  arguments: [{ name: 'FILE', repeats: true, description: 'The files of the log, oldest first; - is the standard input' }],
  options: {
    'key-file': { value: '<file>', repeats: true, description: 'The secret of the chain: bytes, base64 or hex; again for older ones' },
    'key-env': { value: '<name>', repeats: true, description: 'The variable of the environment that holds the secret' },
    'public-key': { value: '<file>', repeats: true, description: 'The public key of a signed chain, as PEM; again for older ones' },
    head: { value: '<file>', description: 'The head of the chain, as it was kept elsewhere' },
  },
  async run(values, files, surroundings) {
    const keys = keysOf(values, surroundings)
    const headFile = optional(values, 'head')
    const options = {
      keys,
      head: headFile === undefined ? undefined : readOrRefuse(headFile).toString(),
      progress: progressOf(files, surroundings),
    }
    const sources = files.map((file) => (file === '-' ? surroundings.input : file))
    try {
      return reported(await verifyAuditLog(sources, options), headFile !== undefined)
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException
      if (/^E[A-Z]+$/.test(code ?? '')) throw new UsageError(message)
      return { output: `BROKEN: ${message}`, notes: [], exitCode: 1 }
    } finally {
      surroundings.progress?.('')
    }
  },
}

function reported({ intact, fault, records, first, last, unproven, reachesHead }: Verification, hasHead: boolean): Printed {
  const notes: string[] = []
  if (!intact && fault !== undefined) {
    const place = `${fault.file}:${fault.line}`
    const good = records === 0 ? 'No record before it is right.' : `The ${records} before it are right.`
    return {
      output: `BROKEN (${fault.kind}) at ${place}: ${fault.message}.\n${good} What comes after it was not checked.`,
      notes,
      exitCode: 1,
    }
  }
  if (first !== undefined && first > 0)
    notes.push(`Of the records before ${first} nothing is known: they are in files that were not given.`)
  for (const { from, to } of unproven) notes.push(`No signature covers the records ${from} to ${to}.`)
  if (!hasHead) notes.push('No head was given: whether records were cut off at the end is not known.')
  else if (!reachesHead) notes.push('The head is of a record before those given: it tells nothing of their end.')
  return { output: `intact: ${records} records, ${first} to ${last}`, notes }
}

function keysOf(values: OptionValues, { env }: Surroundings): Array<KeyObject | Uint8Array> {
  const secrets = (values['key-file'] ?? []).flatMap((file) => secretsIn(readOrRefuse(file), file))
  const fromEnv = (values['key-env'] ?? []).flatMap((name) => secretsIn(Buffer.from(env[name] ?? ''), `the variable ${name}`))
  const publicKeys = (values['public-key'] ?? []).map((file) => publicKeyIn(readOrRefuse(file), file))
  const keys = [...secrets, ...fromEnv, ...publicKeys]
  if (keys.length === 0) throw new UsageError('give --key-file, --key-env or --public-key')
  return keys
}

/** What a secret may be, as it is written down. Which of them the log is of, the log says. */
function secretsIn(bytes: Buffer, place: string): readonly Buffer[] {
  const text = bytes.toString('latin1').trim()
  const forms = [bytes, Buffer.from(text, 'latin1')]
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) forms.push(Buffer.from(text, 'hex'))
  if (/^[A-Za-z0-9+/_-]+=*$/.test(text)) forms.push(Buffer.from(text, 'base64'))
  const secrets = forms.filter(isSecret)
  if (secrets.length === 0) throw new UsageError(`${place} holds no secret of a chain: 32 random bytes at least`)
  return secrets
}

function isSecret(bytes: Buffer): boolean {
  try {
    secretChainKey(bytes)
    return true
  } catch {
    return false
  }
}

function publicKeyIn(bytes: Buffer, file: string): KeyObject {
  try {
    const key = createPublicKey(bytes)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below.
  }
  throw new UsageError(`${file} holds no public Ed25519 key in PEM`)
}

function readOrRefuse(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (thrown) {
    throw new UsageError((thrown as Error).message)
  }
}

function progressOf(files: readonly string[], { progress }: Surroundings): ((bytes: number) => void) | undefined {
  if (progress === undefined) return undefined
  const total = files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
  let shown = -1
  return function show(bytes) {
    const percent = total === 0 ? 0 : Math.min(100, Math.floor((bytes / total) * 100))
    if (percent !== shown) progress(`${percent} %`)
    shown = percent
  }
}
