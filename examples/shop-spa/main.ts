import { parseArgs } from 'node:util'
import { runFlow } from './flow.js'
import { demoPerson, realPerson } from './people.js'

const usage = `usage: npm run shop -- [--server http://127.0.0.1:3000] [--as alice]

  --server   where the orders API runs (default: http://127.0.0.1:3000)
  --as       goes through the pages as alice, bob, carol or dave (default: waits for you to do it, in a browser)`

const redirectUri = 'http://127.0.0.1:8400/callback'
const say = (line: string) => console.log(line)

try {
  const { server, as: name } = parseArgs({
    options: { server: { type: 'string', default: 'http://127.0.0.1:3000' }, as: { type: 'string' } },
  }).values
  await runFlow({ server, redirectUri, say, person: name === undefined ? realPerson(redirectUri, say) : demoPerson(name) })
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`)
  process.exitCode = 1
}
