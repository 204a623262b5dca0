import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get, globalAgent } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createSocketServer } from 'node:net'
import type { AddressInfo, LookupFunction, Server as SocketServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { FetchImplementation } from 'jose'
import * as oauth from 'oauth4webapi'
import type { CustomFetch } from 'openid-client'
import { addressProblem, outboundFetch, outboundMistakes } from '../lib/outbound.js'
import type { OutboundFetch, OutboundInit, OutboundOptions } from '../lib/outbound.js'

const local = { privateHosts: ['127.0.0.1'] }
const servers: (Server | SocketServer)[] = []

async function listen(server: Server | SocketServer, host = '127.0.0.1'): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, host, resolve))
  return `http://${host}:${(server.address() as AddressInfo).port}/`
}

const serve = (listener: RequestListener) => listen(createServer(listener))

/** A server that writes bytes of its own to whoever has sent something. */
const serveBytes = (write: (socket: Socket) => void) =>
  listen(createSocketServer((socket) => void socket.on('error', () => undefined).once('data', () => write(socket))))

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail('it did not fail'),
    (thrown: unknown) => thrown as Error,
  )
}

const messageOf = async (work: Promise<unknown>) => (await failureOf(work)).message
const asked = (url: string, options: OutboundOptions = {}, init: OutboundInit = {}) => messageOf(outboundFetch(options)(url, init))

/** Answers as a name server would, and counts. */
function namesOf(addresses: readonly string[]): LookupFunction & { readonly asked: string[] } {
  const names: string[] = []
  const lookup: LookupFunction = (hostname, _options, callback) => {
    names.push(hostname)
    process.nextTick(() =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    )
  }
  return Object.assign(lookup, { asked: names })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('asking other servers', () => {
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
    }
  })

  describe('whom', () => {
    it('refuses addresses in private networks, on this machine and nowhere, in every spelling of IPv4', async () => {
      const spellings = [
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f.0.0.1',
        '0x7f000001',
        '0177.0.0.01',
        '127.0.0.1.',
        '１２７.0.0.1',
        '127。0。0。1',
      ]
      const others = [
        '0.0.0.0',
        '0',
        '10.1.2.3',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        '169.254.169.254',
        '100.64.0.1',
        '100.100.100.200',
      ]
      const unusual = ['192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255']
      for (const host of [...spellings, ...others, ...unusual]) {
        expect(await asked(`https://${host}/`), host).to.match(/is not asked: its address is .+, and it is not in privateHosts$/)
      }
    })

    it('refuses such addresses in every spelling of IPv6', async () => {
      const own = [
        '::1',
        '0:0:0:0:0:0:0:1',
        '::',
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '::127.0.0.1',
        '::ffff:0:127.0.0.1',
        '64:ff9b::127.0.0.1',
      ]
      const inner = ['fc00::1', 'fd00:ec2::254', 'fe80::1', 'fec0::1', '64:ff9b::10.0.0.1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001::1']
      const unusual = ['ff02::1', '2001:db8::1', '100::1', '4000::1', '5f00::1', '::2', '3fff::1']
      for (const host of [...own, ...inner, ...unusual]) {
        expect(await asked(`https://[${host}]/`), host).to.match(/is not asked: its address is .+, and it is not in privateHosts$/)
      }
    })

    it('asks public addresses', async () => {
      for (const host of ['1.1.1.1', '[2606:4700:4700::1111]', '[64:ff9b::1.1.1.1]', '[::ffff:1.1.1.1]']) {
        expect(await asked(`https://${host}/`, {}, { signal: AbortSignal.abort(new Error('on its way')) }), host).to.equal('on its way')
        expect(addressProblem(`https://${host}/`)).to.equal(undefined)
      }
    })

    it('refuses names with any address that is not public', async () => {
      const all = [
        ['127.0.0.1'],
        ['10.0.0.1'],
        ['1.1.1.1', '10.0.0.1'],
        ['::1', '1.1.1.1'],
        ['::ffff:169.254.169.254'],
        ['fe80::1%eth0'],
        ['nonsense'],
        [],
      ]
      for (const addresses of all) {
        const lookup = namesOf(addresses)
        expect(await asked('https://keys.example/', { lookup }), addresses.join()).to.match(
          /^keys\.example (is not asked: its address is|has no address)/,
        )
        expect(lookup.asked).to.deep.equal(['keys.example'])
      }
      const single: LookupFunction = (_name, _options, callback) => callback(null, '10.0.0.1', 4)
      expect(await asked('https://keys.example/', { lookup: single })).to.contain('its address is private')
    })

    it('refuses names of this machine, with the lookup of the system', async () => {
      expect(await asked('https://localhost/')).to.equal('localhost is not asked: its address is loopback, and it is not in privateHosts')
    })

    it('asks names whose addresses are all public, and looks them up once', async () => {
      // Of a family that is none, so that nothing leaves this machine.
      const addresses = ['1.1.1.1', '2606:4700:4700::1111'].map((address) => ({ address, family: 0 }))
      let lookups = 0
      const lookup: LookupFunction = (_name, _options, callback) => {
        lookups += 1
        callback(null, addresses)
      }
      expect(await asked('https://keys.example/', { lookup })).to.match(/^https:\/\/keys\.example cannot be asked: ERR_INVALID_/)
      expect(lookups).to.equal(1)
    })

    it('tells which name cannot be found', async () => {
      const lookup: LookupFunction = (_name, _options, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), '')
      expect(await asked('https://keys.example/', { lookup })).to.equal('https://keys.example cannot be asked: ENOTFOUND')
    })

    it('asks private hosts that are named, in any spelling, and still no link-local address', async () => {
      const url = await serve((_request, response) => void response.end('here'))
      for (const name of ['127.0.0.1', '127.1', '0x7f.1']) {
        expect(await (await outboundFetch({ privateHosts: [name] })(url)).text()).to.equal('here')
      }
      expect(addressProblem('https://[::1]/', { privateHosts: ['0:0:0:0:0:0:0:1'] })).to.equal(undefined)
      expect(addressProblem('https://IDP.Internal/', { privateHosts: ['idp.INTERNAL'] })).to.equal(undefined)
      const metadata = namesOf(['169.254.169.254'])
      expect(await asked('https://idp.internal/', { privateHosts: ['idp.internal'], lookup: metadata })).to.contain(
        'its address is linkLocal',
      )
      expect(await asked('https://169.254.169.254/', { privateHosts: ['169.254.169.254'] })).to.contain('its address is linkLocal')
    })

    it('asks over plain HTTP on this machine alone, and only where it is named', async () => {
      const url = await serve((_request, response) => void response.end('here'))
      const byName = url.replace('127.0.0.1', 'localhost')
      const lookup = namesOf(['127.0.0.1'])
      expect(await (await outboundFetch({ privateHosts: ['localhost'], lookup })(byName)).text()).to.equal('here')
      expect(await asked(byName, { privateHosts: ['localhost'], lookup: namesOf(['10.0.0.1']) })).to.contain('its address is private')
      expect(await asked(byName, { privateHosts: ['localhost'], lookup: namesOf(['1.1.1.1']) })).to.contain('its address is unicast')
      for (const [address, privateHosts] of [
        [url, []],
        [byName, ['127.0.0.1']],
        ['http://idp.internal/', ['idp.internal']],
        ['http://10.0.0.1/', ['10.0.0.1']],
        ['http://0.0.0.0/', ['0.0.0.0']],
        ['http://1.1.1.1/', ['1.1.1.1']],
        ['http://keys.example/', []],
        ['file:///etc/passwd', []],
        ['ftp://127.0.0.1/', ['127.0.0.1']],
        ['data:application/json,{}', []],
      ] as const) {
        expect(await asked(address, { privateHosts }), address).to.contain('is not asked: HTTPS only')
        expect(addressProblem(address, { privateHosts }), address).to.contain('is not asked: HTTPS only')
      }
    })

    it('refuses addresses with credentials, and what is no address, without repeating a secret', async () => {
      for (const url of ['https://user:hunter2@keys.example/', 'https://hunter2@keys.example/', 'https://:hunter2@keys.example/']) {
        expect(await asked(url)).to.equal('https://keys.example is not asked: the address holds credentials')
      }
      expect(await failureOf(outboundFetch()('nonsense'))).to.be.instanceOf(TypeError)
      expect(addressProblem('nonsense')).to.equal('"nonsense" is no URL')
    })
  })

  describe('what it sends', () => {
    it('sends method, headers and bodies as fetch does', async () => {
      const url = await serve((request, response) => {
        const answer = (body: string) => response.end(JSON.stringify([request.method, request.headers, body]))
        void bodyOf(request).then(answer)
      })
      const send = async (init: OutboundInit) =>
        (await (await outboundFetch(local)(url, init)).json()) as [string, Record<string, string>, string]
      const [method, headers, nothing] = await send({})
      expect([method, headers['accept'], headers['accept-encoding'], nothing]).to.deep.equal(['GET', 'application/json', 'identity', ''])
      const stream = new Response('text').body
      const bodies = ['text', new TextEncoder().encode('text'), new TextEncoder().encode('text').buffer, stream, new Blob(['text'])]
      for (const body of bodies) expect((await send({ method: 'POST', body }))[2]).to.equal('text')
      const form = await send({
        method: 'POST',
        body: new URLSearchParams({ token: 'a b&c' }),
        headers: new Headers({ accept: 'text/plain' }),
      })
      expect(form[1]).to.include({
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        'content-length': '13',
        accept: 'text/plain',
      })
      expect(form[2]).to.equal('token=a+b%26c')
      expect((await send({ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }))[1]['content-type']).to.equal(
        'application/json',
      )
      expect((await send({ method: 'POST' }))[1]['content-length']).to.equal('0')
    })

    it('keeps the headers that frame a message to itself', async () => {
      const url = await serve((request, response) => void response.end(JSON.stringify(request.headers)))
      const headers = {
        host: 'other',
        connection: 'upgrade',
        upgrade: 'h2c',
        'content-length': '5',
        'transfer-encoding': 'chunked',
        expect: '100-continue',
        'accept-encoding': 'gzip',
      }
      const answer = await outboundFetch(local)(url, { headers })
      expect(await answer.json()).to.deep.equal({
        host: new URL(url).host,
        connection: 'close',
        accept: 'application/json',
        'accept-encoding': 'identity',
      })
    })

    it('never speaks over a connection that the application keeps open, and keeps none open itself', async () => {
      let connections = 0
      const server = createServer((_request, response) => void response.end('here'))
      server.on('connection', () => (connections += 1))
      const url = await listen(server)
      await new Promise<void>((resolve) => void get(url, { agent: globalAgent }, (response) => void response.resume().once('end', resolve)))
      await (await outboundFetch(local)(url)).text()
      const outbound = outboundFetch(local)
      await Promise.all([outbound(url), outbound(url)])
      await outbound(url)
      expect(connections).to.equal(5)
    })
  })

  describe('what it takes', () => {
    it('gives status, headers and body', async () => {
      const url = await serve((_request, response) => {
        response.writeHead(404, ['X-Name', 'a', 'X-Name', 'b', 'Content-Type', 'application/json']).end('{"here":true}')
      })
      const answer = await outboundFetch(local)(new URL(url))
      expect([answer.status, answer.headers.get('x-name'), await answer.json()]).to.deep.equal([404, 'a, b', { here: true }])
    })

    it('follows no redirect', async () => {
      const paths: unknown[] = []
      const url = await serve((request, response) => {
        paths.push(request.url)
        response.writeHead(302, { location: '/other' }).end()
      })
      const init = { redirect: 'follow' }
      const answer = await outboundFetch(local)(url, init as OutboundInit)
      expect([answer.status, answer.headers.get('location'), paths]).to.deep.equal([302, '/other', ['/']])
    })

    it('takes answers without content', async () => {
      for (const status of [204, 205, 304]) {
        const url = await serve((_request, response) => void response.writeHead(status).end())
        expect((await outboundFetch(local)(url)).status).to.equal(status)
      }
    })

    it('refuses more bytes than it takes, whether or not their number is told', async () => {
      const exact = await serve((_request, response) => void response.end('x'.repeat(1_000)))
      expect((await (await outboundFetch({ ...local, maxBytes: 1_000 })(exact)).text()).length).to.equal(1_000)
      const told = await serveBytes((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n'))
      const chunked = await serve((_request, response) => {
        const more = () => response.destroyed || response.write('x'.repeat(500), more)
        more()
      })
      const untold = await serveBytes((socket) => void socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_001)}`))
      for (const url of [told, chunked, untold]) {
        expect(await asked(url, { ...local, maxBytes: 1_000 })).to.equal(`the answer of ${new URL(url).origin} has more than 1000 bytes`)
      }
    })

    it('unpacks nothing', async () => {
      const url = await serve((_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('packed'))
      expect(await (await outboundFetch(local)(url)).text()).to.equal('packed')
    })

    it('fails where the answer breaks off, is none, or is of another protocol', async () => {
      const answers = [
        (socket: Socket) => void socket.resetAndDestroy(),
        (socket: Socket) => void socket.end(),
        (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
        (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
        (socket: Socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
        (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n`),
        (socket: Socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
        (socket: Socket) => void socket.end('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'),
      ]
      for (const [index, answer] of answers.entries()) {
        const url = await serveBytes(answer)
        expect(await asked(url, local), String(index)).to.match(/cannot be asked|did not answer|aborted|status/i)
      }
      expect(await asked('http://127.0.0.1:1/', local)).to.equal('http://127.0.0.1:1 cannot be asked: ECONNREFUSED')
    })

    it('refuses an answer with something else behind it', async () => {
      const url = await serveBytes(
        (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhereHTTP/1.1 nonsense\r\n\r\n\0\0'),
      )
      expect(await asked(url, local)).to.contain('cannot be asked: HPE_')
    })
  })

  describe('how long', () => {
    it('waits for the whole answer and no longer', async () => {
      const drip = (start: string) => (socket: Socket) => {
        socket.write(start)
        const timer = setInterval(() => socket.write('1'), 5)
        socket.on('close', () => clearInterval(timer))
      }
      const silent = await serveBytes(() => undefined)
      const slowHeader = await serveBytes(drip('HTTP/1.1 200 OK\r\nX: '))
      const slowBody = await serveBytes(drip('HTTP/1.1 200 OK\r\n\r\n'))
      const onlyInformation = await serveBytes((socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5)
        socket.on('close', () => clearInterval(timer))
      })
      for (const url of [silent, slowHeader, slowBody, onlyInformation]) {
        expect(await asked(url, { ...local, timeout: 40 })).to.equal(`${new URL(url).origin} did not answer within 40 ms`)
      }
      expect(await asked('https://keys.example/', { lookup: () => undefined, timeout: 10 })).to.equal(
        'https://keys.example did not answer within 10 ms',
      )
    })

    it('stops with the reason of the caller, before, during and after the headers, and lets go of the signal', async () => {
      const silent = await serveBytes(() => undefined)
      // The name is looked up while the request is being made.
      const early = new AbortController()
      const lookup = () => early.abort(new Error('at once'))
      expect(await asked('https://keys.example/', { lookup }, { signal: early.signal })).to.equal('at once')
      const half = await serveBytes((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
      for (const url of [silent, half]) {
        for (const wait of [0, 30]) {
          const controller = new AbortController()
          const reason = new Error('enough')
          if (wait === 0) controller.abort(reason)
          else setTimeout(() => controller.abort(reason), wait)
          expect(await failureOf(outboundFetch(local)(url, { signal: controller.signal }))).to.equal(reason)
          expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([])
        }
      }
      const names = namesOf(['127.0.0.1'])
      await asked('https://keys.example/', { lookup: names }, { signal: AbortSignal.abort(new Error('before')) })
      expect(names.asked).to.deep.equal([])
      const { signal } = new AbortController()
      const url = await serve((_request, response) => void response.end('here'))
      await outboundFetch(local)(url, { signal })
      expect(getEventListeners(signal, 'abort')).to.deep.equal([])
      expect((await failureOf(outboundFetch(local)(silent, { signal: AbortSignal.timeout(10) }))).name).to.equal('TimeoutError')
    })
  })

  it('hangs up where it has given up', async () => {
    for (const answer of ['', 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n']) {
      let closed: () => void = () => undefined
      const closing = new Promise<void>((resolve) => (closed = resolve))
      const url = await serveBytes((socket) => void socket.on('close', closed).write(answer))
      await asked(url, { ...local, timeout: 20 })
      await closing
    }
  })

  describe('its options', () => {
    it('are refused where they are none, all at once, with the mend', () => {
      const wrong = {
        privateHosts: ['http://idp.internal', 'idp.internal:8443', '*.internal', '', 'a/b', 'user@idp', 5 as unknown as string],
        timeout: 0,
        maxBytes: 1.5,
      }
      const mistakes = outboundMistakes(wrong, 'authentication.outbound')
      expect(mistakes.map(({ place }) => place)).to.deep.equal([
        ...Array.from({ length: 7 }, () => 'authentication.outbound.privateHosts'),
        'authentication.outbound.timeout',
        'authentication.outbound.maxBytes',
      ])
      expect(() => outboundFetch(wrong)).to.throw(TypeError, 'outbound.timeout: 0 is no time → write milliseconds from 1 to 600,000')
      expect(outboundMistakes({ privateHosts: ['::1', '[::1]', 'idp.internal', '10.0.0.1', 'idp.internal.'] }, 'x')).to.deep.equal([])
      expect(outboundMistakes({ privateHosts: 'http://x' as unknown as string[], timeout: Number.NaN }, 'x')).to.have.lengthOf(2)
      expect(addressProblem('https://10.0.0.1/', { privateHosts: '10.0.0.1' as unknown as string[] })).to.equal(undefined)
    })
  })

  it('is a fetch for jose, oauth4webapi and openid-client', async () => {
    const outbound: OutboundFetch = outboundFetch(local)
    const fits: readonly [FetchImplementation, CustomFetch, NonNullable<oauth.TokenEndpointRequestOptions[typeof oauth.customFetch]>] = [
      outbound,
      outbound,
      outbound,
    ]
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const answer = (body: string) =>
        response.end(JSON.stringify({ access_token: `${request.headers.authorization} ${body}`, token_type: 'bearer' }))
      void bodyOf(request).then(answer)
    })
    const server: oauth.AuthorizationServer = { issuer: url, token_endpoint: url }
    const client: oauth.Client = { client_id: 'shop' }
    const response = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic('secret'), new URLSearchParams(), {
      [oauth.customFetch]: fits[2],
      [oauth.allowInsecureRequests]: true,
    })
    const { access_token: answer } = await oauth.processClientCredentialsResponse(server, client, response)
    expect(answer).to.equal(`Basic ${btoa('shop:secret')} grant_type=client_credentials`)
  })

  describe('over TLS', () => {
    const { certificate, key } = certificateOf('127.0.0.1')
    const secure = async () =>
      (await listen(createTlsServer({ cert: certificate, key }, (_request, response) => void response.end('here')))).replace(
        'http:',
        'https:',
      )

    /** Asks in a process of its own, which must end by itself. */
    async function askedApart(urls: readonly string[], environment: Record<string, string>): Promise<string[]> {
      const script = `
        const { outboundFetch } = await import(${JSON.stringify(new URL('../lib/outbound.js', import.meta.url).href)})
        const lookup = (name, options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
        const outbound = outboundFetch({ privateHosts: ['127.0.0.1', 'idp.internal'], timeout: 60_000, lookup })
        const ask = (url) => outbound(url).then((answer) => answer.text(), (error) => error.message.replace(/.*: /, ''))
        for (const url of ${JSON.stringify(urls)}) console.log(await ask(url))
      `
      const options = { env: { ...process.env, ...environment }, timeout: 8_000 }
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options)
      return stdout.trim().split('\n')
    }

    it('refuses a certificate that nobody vouches for, even where the environment would not', async () => {
      expect(await askedApart([await secure()], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).to.deep.equal(['DEPTH_ZERO_SELF_SIGNED_CERT'])
    })

    it('takes one that is vouched for, for its host alone, and lets the process end', async () => {
      const url = await secure()
      const folder = mkdtempSync(join(tmpdir(), 'outbound-'))
      const authorities = join(folder, 'authorities.pem')
      writeFileSync(authorities, certificate)
      const answers = await askedApart([url, url.replace('127.0.0.1', 'idp.internal')], { NODE_EXTRA_CA_CERTS: authorities })
      rmSync(folder, { recursive: true })
      expect(answers).to.deep.equal(['here', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    })
  })
})

/** A certificate that signs itself (RFC 5280 §4.1), for one IPv4 address. */
function certificateOf(address: string): { certificate: string; key: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const text = (value: string) => Buffer.from(value)
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, text('test')))))
  const validity = der(0x30, der(0x17, text('200101000000Z')), der(0x18, text('20990101000000Z')))
  const alternative = der(0x30, der(0x87, Buffer.from(address.split('.').map(Number))))
  const extensions = der(0xa3, der(0x30, der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, alternative))))
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const version = der(0xa0, der(0x02, Buffer.from([2])))
  const content = der(0x30, version, der(0x02, Buffer.from([1])), algorithm, name, validity, name, publicKey, extensions)
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey))
  const certificate = der(0x30, content, algorithm, signature).toString('base64')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
