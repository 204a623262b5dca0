import { expect } from 'chai'
import { EventFeed } from '../../lib/console/event-feed.js'
import type { EventStream } from '../../lib/console/event-stream.js'
import { shownEvent } from '../../lib/console/shown-event.js'
import { Unavailable } from '../../lib/errors.js'

const line = (path: string) => JSON.stringify({ kind: 'access', event: 'authz_fail', path })

function feedAt(start: number, most = 20) {
  const clock = { at: start, now: () => clock.at }
  return { clock, feed: new EventFeed(clock, most) }
}

/** What has come so far. */
function read(stream: EventStream): string {
  let text = ''
  for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) text += chunk.toString()
  return text
}

const pathsIn = (text: string) => [...text.matchAll(/"path":"([^"]*)"/g)].map(([, path]) => path)
const idsIn = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '')

describe('the feed of security events', () => {
  it('begins with the newest hundred, and goes on with what comes', () => {
    const { feed } = feedAt(0)
    for (let number = 1; number <= 250; number += 1) feed.eventRecorded(line(`/${number}`))
    const stream = feed.open({})
    const paths = pathsIn(read(stream))
    expect([paths.length, paths[0], paths.at(-1)]).to.deep.equal([100, '/151', '/250'])
    feed.eventRecorded(line('/next'))
    feed.look()
    expect(pathsIn(read(stream))).to.deep.equal(['/next'])
    stream.destroy()
  })

  it('begins after the event that the listener has, where that was one of its own', () => {
    const { feed } = feedAt(0)
    for (let number = 1; number <= 5; number += 1) feed.eventRecorded(line(`/${number}`))
    const first = feed.open({})
    const ids = idsIn(read(first))
    const again = feed.open({ after: ids[2] })
    expect(pathsIn(read(again))).to.deep.equal(['/4', '/5'])
    const other = feed.open({ after: ids[2]?.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })
    expect(pathsIn(read(other))).to.have.length(5)
    for (const stream of [first, again, other]) stream.destroy()
  })

  it('shows the same of a record whatever format it was written in', () => {
    const shown = {
      timestamp: '2026-11-25T19:00:00.000Z',
      event: 'authz_fail',
      level: 'CRITICAL',
      status: 403,
      address: '192.0.2.1',
      reason: 'r',
    }
    const elastic = { '@timestamp': shown.timestamp, 'event.code': 'authz_fail', 'log.level': 'CRITICAL', 'http.response.status_code': 403 }
    expect(shownEvent(JSON.stringify({ ...elastic, 'client.ip': '192.0.2.1', 'event.reason': 'r' }))).to.deep.equal(shown)
    const open = { time_dt: shown.timestamp, class_uid: 6003, metadata: { event_code: 'authz_fail', log_level: 'CRITICAL' } }
    const rest = { http_response: { code: 403 }, src_endpoint: { ip: '192.0.2.1' }, status_detail: 'r' }
    expect(shownEvent(JSON.stringify({ ...open, ...rest }))).to.deep.equal(shown)
  })

  it('keeps no more than a hundred events for a reader who does not read, and says how many are missing', () => {
    const { feed } = feedAt(0)
    const stream = feed.open({})
    // Fills the stream's own buffer, which nobody reads.
    for (let number = 0; number < 100; number += 1) feed.eventRecorded(line(`/${'x'.repeat(290)}`))
    feed.look()
    for (let number = 0; number < 10_000; number += 1) feed.eventRecorded(line(`/late-${number}`))
    feed.look()
    expect(stream.readableLength).to.be.below(100_000)
    expect(pathsIn(read(stream)).filter((path) => path?.startsWith('/late'))).to.deep.equal([])
    feed.look()
    const text = read(stream)
    expect(text).to.match(/^event: dropped\ndata: 9900\n\n/)
    expect(pathsIn(text)).to.have.length(100)
    expect(pathsIn(text).at(-1)).to.equal('/late-9999')
    stream.destroy()
  })

  it('lets so many listen and no more, and forgets those who leave', async () => {
    const { feed } = feedAt(0, 2)
    const streams = [feed.open({}), feed.open({})]
    expect(() => feed.open({})).to.throw(Unavailable)
    streams[0]?.destroy()
    await new Promise(setImmediate)
    expect(feed.listeners).to.equal(1)
    feed.open({}).destroy()
    streams[1]?.destroy()
  })

  it('ends after two minutes, or when what the listener showed does', async () => {
    const { clock, feed } = feedAt(1_000_000)
    const [long, short] = [feed.open({}), feed.open({ expiresAt: 1_030_000 })]
    clock.at += 30_000
    feed.look()
    expect(feed.listeners).to.equal(1)
    read(short)
    await new Promise(setImmediate)
    expect(short.readableEnded).to.equal(true)
    clock.at += 90_000
    feed.look()
    expect(feed.listeners).to.equal(0)
    long.destroy()
  })

  it('ends for all when the API is closed, and nobody can begin', () => {
    const { feed } = feedAt(0)
    feed.open({}).resume()
    feed.closed()
    expect(feed.listeners).to.equal(0)
    expect(() => feed.open({})).to.throw(Unavailable)
  })

  it('gives a sign of life every fifteen seconds', () => {
    const { feed } = feedAt(0)
    const stream = feed.open({})
    read(stream)
    for (let look = 0; look < 60; look += 1) feed.look()
    expect(read(stream)).to.equal(': \n\n')
    stream.destroy()
  })

  it('writes one message for one record, whatever is in it', () => {
    const { feed } = feedAt(0)
    const stream = feed.open({})
    read(stream)
    feed.eventRecorded(JSON.stringify({ event: 'x', path: '/\n\nevent: dropped\ndata: 7\r\r' }))
    feed.eventRecorded('no JSON at all\n\nevent: record\ndata: {}')
    feed.look()
    const text = read(stream)
    expect(text.split('\n\n')).to.have.length(2)
    expect(text.match(/^event:/gm)).to.have.length(1)
    stream.destroy()
  })
})

describe('what is shown of a record', () => {
  it('is what it names, and neither bodies nor queries nor headers', () => {
    const record = {
      ...{ kind: 'audit', event: 'authz_fail', path: '/orders', status: 403, body: { card: '1' }, query: { q: '1' }, headers: {} },
      ...{ detail: { iban: 'x' }, params: { id: '1' }, issuer: 'y' },
    }
    expect(shownEvent(JSON.stringify(record))).to.deep.equal({ event: 'authz_fail', path: '/orders', status: 403 })
  })

  it('has the detail of an event outside of requests, as text, and nothing that is long', () => {
    const shown = shownEvent(JSON.stringify({ kind: 'event', event: 'sys_crash', detail: { store: 'Redis' }, reason: 'x'.repeat(5_000) }))
    expect(shown?.detail).to.equal('{"store":"Redis"}')
    expect(String(shown?.reason)).to.have.length(301)
  })

  it('is nothing where the line is no record', () => {
    for (const text of ['', 'null', '7', '{', '"text"']) expect(shownEvent(text), text).to.equal(undefined)
  })
})
