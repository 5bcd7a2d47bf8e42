// What the widget makes of its configuration, without a browser, and that the files beside it are made of it.
// What it does in browsers is told in tests/stories/embedding_the_widget.rs.
//
//   PROFILES_WRITE_DERIVED=1 node --test widget/*.test.mjs   writes login.min.js anew

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import vm from 'node:vm'

import { minify } from '../tests/clients/node/node_modules/terser/main.js'

const read = name => readFileSync(new URL(name, import.meta.url), 'utf8')
const BUDGET = 10 * 1024

/** What was released stays as it was, byte for byte: pages hold its hash. */
const RELEASES = {
  'login-1.0.0.min.js': 'sha384-VY6ydR6GqWO9OEjId7pjjUjPjTP7BfexxZFrnPo/Zi60pDzVQBw113gogkNa4M6o'
}

/** The script in a page that has no elements. */
function page (script = 'login.js', { src = 'https://sso.example/profiles/static/widget/js/login.js', ...more } = {}) {
  const warned = []
  const listening = []
  const world = vm.createContext({
    URLSearchParams,
    console: { warn: text => warned.push(text) },
    addEventListener: name => listening.push(name),
    document: {
      readyState: 'loading',
      currentScript: { tagName: 'SCRIPT', src },
      querySelector: () => null,
      getElementById: () => null,
      ...more
    }
  })
  world.window = world
  const before = Object.keys(world)
  vm.runInContext(read(script), world)
  return { SSO_JS: world.SSO_JS, world, warned, listening, added: Object.keys(world).filter(key => !before.includes(key)) }
}

const asked = config => Object.fromEntries(new (page().SSO_JS)({ config }).asked())

test('two globals, and one of them is an instance', () => {
  for (const script of ['login.js', 'login.min.js']) {
    const { added, world } = page(script)
    assert.deepEqual(added.sort(), ['SSO_JS', 'sso_root'])
    assert.ok(world.sso_root instanceof world.SSO_JS)
  }
})

test('what is left out has the old defaults', () => {
  const pairs = asked({ client_id: 'a' })
  assert.equal(pairs.scope, 'basic')
  assert.equal(pairs.response_type, 'code')
  assert.deepEqual(Object.keys(pairs), ['client_id', 'scope', 'response_type'])
  assert.deepEqual(asked({ client_id: 'a', state: '', redirect_uri: null }), pairs)
})

test('a scope is a list or a text', () => {
  assert.equal(asked({ client_id: 'a', scope: ['basic', 'profile'] }).scope, 'basic profile')
  assert.equal(asked({ client_id: 'a', scope: 'basic ldap' }).scope, 'basic ldap')
})

test('what cannot work is said at init, not before', () => {
  const { SSO_JS } = page()
  new SSO_JS() // eslint-disable-line no-new
  assert.throws(() => new SSO_JS({}).init(), /client_id is not provided/)
  const init = colors => () => new SSO_JS({ config: { client_id: 'a' }, colors }).init()
  for (const colour of ['#303F9F', 'red', '12345', '', '12345g', 'FFFFFF\n', 'fff;}']) {
    assert.throws(init({ button_anchor_color: colour }), /button_anchor_color must be 3 or 6/, JSON.stringify(colour))
  }
  init({ button_div_bg_color: 'abc', button_anchor_color: '000' })()
  assert.throws(() => new (page('login.js', { src: 'https://elsewhere.example/login.js' }).SSO_JS)({ config: { client_id: 'a' } }).init(), /Load this script/)
})

test('something that is only called currentScript is not believed', () => {
  const { SSO_JS } = page('login.js', { currentScript: { tagName: 'IMG', src: 'https://evil.example/static/widget/js/login.js' } })
  assert.match(new SSO_JS({}).iframe_base_url, /^undefined/)
})

test('init before the element is there waits for it; render is init, and says so', () => {
  const { SSO_JS, listening, warned } = page()
  const button = new SSO_JS({ config: { client_id: 'a' } })
  assert.equal(button.init(), button)
  assert.deepEqual(listening, ['DOMContentLoaded'])
  assert.equal(button.render(), button)
  assert.match(warned[0], /render\(\) is called init\(\)/)
})

test('colours that cannot be read are told of', () => {
  const { SSO_JS, warned } = page()
  assert.equal(SSO_JS.contrast('000', 'FFFFFF').toFixed(2), '21.00')
  assert.equal(SSO_JS.contrast('fff', 'fff').toFixed(2), '1.00')
  assert.equal(SSO_JS.contrast('303F9F', 'FFFFFF').toFixed(1), '9.0')
  new SSO_JS({ config: { client_id: 'a' } }).init()
  assert.deepEqual(warned, [])
  new SSO_JS({ config: { client_id: 'a' }, colors: { button_div_bg_color: 'FFFF00' } }).init()
  assert.match(warned[0], /1\.1 : 1/)
})

test('hosts may be of one site if they end alike', () => {
  const { SSO_JS } = page()
  for (const [one, other] of [['mess.iitb.ac.in', 'sso.iitb.ac.in'], ['localhost', 'localhost'], ['127.0.0.1', '127.0.0.1'], ['iitb.example', 'sso.iitb.example']]) {
    assert.ok(SSO_JS.kin(one, other), `${one} ${other}`)
  }
  for (const [one, other] of [['mess.example', 'sso.campus.example'], ['10.0.0.1', '10.1.0.1'], ['localhost', '127.0.0.1'], ['notcampus.example', 'campus.example']]) {
    assert.ok(!SSO_JS.kin(one, other), `${one} ${other}`)
  }
})

test('login.min.js is login.js made small', async () => {
  const { code } = await minify(read('login.js'), { ecma: 2018, compress: { passes: 2 }, format: { comments: false } })
  if (process.env.PROFILES_WRITE_DERIVED) writeFileSync(new URL('login.min.js', import.meta.url), `${code}\n`)
  assert.equal(read('login.min.js'), `${code}\n`, 'write it with PROFILES_WRITE_DERIVED=1 node --test widget/*.test.mjs')
})

test('both are under 10 KiB', () => {
  for (const script of ['login.js', 'login.min.js']) assert.ok(Buffer.byteLength(read(script)) < BUDGET, script)
})

test('a release is what it was, and the newest is what login.min.js is', () => {
  const there = readdirSync(new URL('.', import.meta.url)).filter(name => /^login-[\d.]+\.min\.js$/.test(name))
  const hashes = Object.fromEntries(there.map(name => [name, 'sha384-' + createHash('sha384').update(read(name)).digest('base64')]))
  assert.deepEqual(hashes, RELEASES)
  const newest = Object.keys(RELEASES).pop()
  if (newest) assert.equal(read(newest), read('login.min.js'), 'login.js has changed: release it under the next number')
})
