import { expect } from 'chai'
import { MemoryRateLimitStore, bearer, createApi, createContainer, createLogger, tokenIssuer, tokens } from '../../lib/index.js'
import { openApi, openApiDocument } from '../../lib/openapi.js'
import type { OpenApiControllerOptions } from '../../lib/openapi.js'
import { apiFindings } from '../../lib/cli/audit/findings.js'
import { isKnown } from '../../lib/openapi/entity-tag.js'
import { pagePlan } from '../../lib/openapi/page-options.js'
import { http, serve } from '../../adapters/http.js'
import { request, wire } from '../adapters/wire.js'
import type { WireAnswer } from '../adapters/wire.js'

const info = { title: 'A <b>title</b> & more', version: '1' }
const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const claims = { issuer: 'https://auth.example.com', audience: 'https://api.example.com' }
const tokenOf = (...permissions: readonly string[]) => tokenIssuer({ ...claims, key }).issue({ sub: 'ann', permissions }).token

function apiOf(options: Omit<OpenApiControllerOptions, 'info'>) {
  const container = createContainer()
  container.register(tokens.rateLimitStore, { useValue: new MemoryRateLimitStore() })
  return createApi({
    controllers: [openApi({ info, ...options } as OpenApiControllerOptions)],
    authentication: bearer({ ...claims, keys: [key] }),
    container,
    requireReturns: false,
    https: 'off',
    logger: createLogger({ silent: true }),
    audit: { sinks: [] },
  })
}

async function asked<T>(
  options: Omit<OpenApiControllerOptions, 'info'>,
  work: (ask: (line: string, headers?: Readonly<Record<string, string>>) => Promise<WireAnswer>) => Promise<T>,
): Promise<T> {
  const api = apiOf(options)
  const server = await serve(http(api), { port: 0 })
  try {
    return await work((line, headers) => wire(server.port, request(line, headers)))
  } finally {
    await server.close()
    await api.close()
  }
}

const files: ReadonlyArray<readonly [path: string, type: string]> = [
  ['/docs', 'text/html; charset=utf-8'],
  ['/docs/page.js', 'text/javascript; charset=utf-8'],
  ['/docs/page.css', 'text/css; charset=utf-8'],
  ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
  ['/docs/favicon-32x32.png', 'image/png'],
]

describe('the page of openApi', () => {
  it('is there when it is asked for, with the files that it needs and no others', async () => {
    const options = { public: true, page: '/docs' } as const
    const api = apiOf(options)
    expect(api.inventory().map(({ path }) => path)).to.have.members(['/openapi.json', ...files.map(([path]) => path)])
    expect(openApiDocument(api, { info }).paths).to.deep.equal({})
    await api.close()
    await asked(options, async (ask) => {
      for (const [path, type] of files) {
        const { status, header, body } = await ask(`GET ${path}`)
        expect([status, header('content-type'), header('x-content-type-options')], path).to.deep.equal([200, type, 'nosniff'])
        expect(body.length, path).to.be.above(400)
        expect((await ask(`HEAD ${path}`)).status).to.equal(200)
      }
      const others = [
        '',
        'package.json',
        'index.js',
        '..%2f..%2fpackage.json',
        '../package.json',
        '%2e%2e/package.json',
        'page.js%00',
        'page.js/',
      ]
      for (const name of others) expect((await ask(`GET /docs/${name}`)).status, name).to.be.oneOf([400, 404])
      expect((await ask('POST /docs')).status).to.equal(405)
    })
    await asked({ public: true }, async (ask) => {
      for (const [path] of files) expect((await ask(`GET ${path}`)).status).to.equal(404)
    })
  })

  it('lets the browser do what it needs, and nothing else', async () => {
    const { header, body } = await asked({ public: true, page: '/docs' }, (ask) => ask('GET /docs'))
    const policy = header('content-security-policy') ?? ''
    expect(policy)
      .to.contain("default-src 'none'; script-src 'self'; style-src 'self'; ")
      .and.not.to.match(/unsafe|https?:|\*/)
    expect(body).not.to.match(/<script>|style=|\son\w+=|https?:/)
    expect(body).to.contain('<title>A &lt;b&gt;title&lt;/b&gt; &amp; more</title>')
  })

  it('is kept by browsers, which ask whether it is still the same', async () => {
    await asked({ public: true, page: '/docs' }, async (ask) => {
      for (const [path] of files) {
        const { header } = await ask(`GET ${path}`)
        const tag = header('etag') ?? ''
        expect([header('cache-control'), tag.length]).to.deep.equal(['no-cache', 45])
        const again = await ask(`GET ${path}`, { 'If-None-Match': `"other", W/${tag}` })
        expect([again.status, again.body, again.header('etag'), again.header('cache-control')]).to.deep.equal([304, '', tag, 'no-cache'])
        expect((await ask(`GET ${path}`, { 'If-None-Match': tag.slice(1, -1) })).status).to.equal(200)
      }
    })
    expect([isKnown('"a"', '*'), isKnown('"a"', undefined), isKnown('"a"', ''), isKnown('"a"', '"ab"')]).to.deep.equal([
      true,
      false,
      false,
      false,
    ])
  })

  it('asks for the permission of the document, unless everybody may load the empty page', async () => {
    const may = { Authorization: `Bearer ${tokenOf('docs:read')}` }
    const mayNot = { Authorization: `Bearer ${tokenOf()}` }
    await asked({ permission: 'docs:read', page: '/docs' }, async (ask) => {
      for (const path of ['/openapi.json', ...files.map(([one]) => one)]) {
        const answers = [await ask(`GET ${path}`), await ask(`GET ${path}`, mayNot), await ask(`GET ${path}`, may)]
        expect(
          answers.map(({ status }) => status),
          path,
        ).to.deep.equal([401, 403, 200])
      }
      expect((await ask('GET /docs', may)).header('cache-control')).to.equal('private, no-cache')
    })
    await asked({ permission: 'docs:read', page: '/docs', publicPage: true }, async (ask) => {
      for (const [path] of files) expect((await ask(`GET ${path}`)).status, path).to.equal(200)
      expect([(await ask('GET /openapi.json')).status, (await ask('GET /openapi.json', may)).status]).to.deep.equal([401, 200])
    })
  })

  it('adds no finding to those of the audit', async () => {
    const api = apiOf({ public: true, page: '/docs' })
    const places = (await apiFindings(api)).map(({ rule, place }) => `${rule} ${place}`).filter((one) => one.includes('Page'))
    await api.close()
    expect(places).to.deep.equal([])
  })

  it('finds the document from wherever it stands itself', () => {
    const seen = (page: string, path: string) => {
      const { document, root } = pagePlan({ info, public: true, page, path }) ?? {}
      return [document, root]
    }
    expect(seen('/docs', '/openapi.json')).to.deep.equal(['openapi.json', './'])
    expect(seen('/help/api/docs', '/openapi.json')).to.deep.equal(['../../openapi.json', '../../'])
    expect(seen('/docs', '/help/openapi.json')).to.deep.equal(['help/openapi.json', './'])
  })

  it('is refused where it cannot be', () => {
    const cases: ReadonlyArray<readonly [options: object, said: RegExp]> = [
      [{ page: '/:docs' }, /page "\/:docs": write a path without parameters/],
      [{ page: '/' }, /page "\/"/],
      [{ page: '/../docs' }, /page/],
      [{ page: true }, /page true/],
      [{ page: '/docs', path: '/:version/openapi.json' }, /the path "\/:version/],
      [{ page: '/openapi.json' }, /the page and the document at "\/openapi.json"/],
      [{ publicPage: true }, /publicPage without a page/],
    ]
    for (const [options, said] of cases) {
      expect(() => openApi({ info, public: true, ...options }), JSON.stringify(options)).to.throw(TypeError, said)
    }
  })
})
