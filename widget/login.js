/*
 * The login button of Profiles: <div id="sso-root"></div>, this script, then
 *
 *   new SSO_JS({ config: { client_id: '…' } }).init()
 *
 * It is a link. Where the browser lets us, there is more: a frame that knows who would sign in, and on other
 * sites the browser's account chooser (FedCM). See /doc/widgets/.
 */
(() => {
  'use strict'

  const LABEL = 'Login with SSO', OTHER = 'Login as other user'
  const COLORS = { button_div_bg_color: '303F9F', button_anchor_color: 'FFFFFF', logout_anchor_color: '727272' }
  const PKCE = ['code_challenge', 'code_challenge_method']
  /* In milliseconds: the frame gets as long, and nobody reads and closes a dialog in less. */
  const PATIENCE = 900
  /* What the frame says, whoever is signed in: that it is there, that its button was clicked. */
  const READY = 'sso-iframe://70:200', CLICKED = 'sso-iframe://login'

  /* Everything is beside the script. `currentScript` may be an element that is only called so. */
  const tag = document.currentScript
  const src = tag && tag.tagName === 'SCRIPT' ? tag.src
    : (document.querySelector('script[src*="/static/widget/js/login"]') || {}).src
  const base = (/^(https?:\/\/[^?#]*\/)static\/widget\/js\/[^/?#]+/.exec(src) || [])[1]

  const text = value => value === undefined || value === null ? '' : String(value)
  const isTrue = value => ['true', 'yes', 'True', '1'].includes(text(value))
  const query = pairs => new URLSearchParams(pairs).toString().replace(/\+/g, '%20')

  /* Hosts that may be of one site. */
  const kin = (one, other) => {
    const site = host => host.split('.').slice(-2).join('.')
    return one === other || (/\.[a-z][^.]*$/i.test(one) && site(one) === site(other))
  }

  /* From 1 to 21 (WCAG 2.2). */
  const contrast = (one, other) => {
    const light = hex => (hex.length === 3 ? hex.replace(/./g, '$&$&') : hex).match(/../g).reduce((sum, part, at) => {
      const share = parseInt(part, 16) / 255
      return sum + [0.2126, 0.7152, 0.0722][at] * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4)
    }, 0.05)
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b)
    return bright / dark
  }

  /* All important, so that the page's own style stays out. */
  const css = colors => `
    :host { all: initial; display: inline-block; position: relative; width: 200px; max-width: 100%; height: 70px }
    ::slotted(a) { all: initial; display: block; box-sizing: border-box; width: 100%; padding: 0 8px; border: 1px solid transparent;
      border-radius: 6px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: center; cursor: pointer;
      font: 600 15px/42px system-ui, sans-serif; background: #${colors.button_div_bg_color}; color: #${colors.button_anchor_color} }
    ::slotted(a[data-other]) { font: 12px/22px system-ui, sans-serif; margin-top: 2px; background: none;
      color: #${colors.logout_anchor_color}; text-decoration: underline }
    ::slotted(a:focus-visible) { outline: 2px solid #fff; box-shadow: 0 0 0 4px #000 }
    ::slotted(a[data-other][inert]) { visibility: hidden }
    ::slotted(iframe) { all: initial; position: absolute; top: 0; left: 0; width: 100%; height: 70px; color-scheme: light;
      visibility: hidden }
    ::slotted(iframe[data-shown]) { visibility: visible }`.replace(/;| }/g, ' !important$&')

  const hosts = new WeakMap()

  class SSO_JS {
    constructor (options) {
      const { config, colors } = options || {}
      this.config_keys = ['client_id', 'scope', 'state', 'response_type', 'redirect_uri', 'sso_root', 'new_window', 'fedcm', 'frame', ...PKCE]
      this.color_keys = Object.keys(COLORS)
      this.iframe_base_url = `${base}widget/login/?`
      this.config = { ...config }
      this.colors = { ...COLORS, ...colors }
    }

    /* Draws the button, or anew. */
    init () {
      if (!base) throw new Error('Load this script from …/static/widget/js/ of the sign-in server')
      if (!text(this.config.client_id)) throw new Error('client_id is not provided')
      const colors = {}
      for (const key of this.color_keys) {
        colors[key] = text(this.colors[key])
        if (!/^([0-9a-f]{3}){1,2}$/i.test(colors[key])) throw new Error(`${key} must be 3 or 6 hexadecimal digits, without #`)
      }
      const ratio = contrast(colors.button_div_bg_color, colors.button_anchor_color)
      if (ratio < 4.5) console.warn(`SSO_JS: the button's contrast is ${ratio.toFixed(1)} : 1. Make it 4.5 : 1 or more, for all to read it.`)
      const root = this.root()
      if (root) this.draw(root, colors)
      else if (document.readyState !== 'loading') throw new Error('No element is the sso_root')
      else addEventListener('DOMContentLoaded', () => this.init(), { once: true })
      return this
    }

    /* Old pages call it so. */
    render () {
      console.warn('SSO_JS: render() is called init() now')
      return this.init()
    }

    /* An element, its selector, or jQuery's. */
    root () {
      const given = this.config.sso_root
      const found = given && given.jquery ? given[0] : given
      if (found && found.nodeType === 1) return found
      try {
        return document.querySelector(typeof found === 'string' && found ? found : '#sso-root')
      } catch (_) {
        return null
      }
    }

    /* What the server is asked, in pairs. */
    asked () {
      const { client_id, scope, redirect_uri, state, response_type } = this.config
      const pairs = [['client_id', client_id], ['scope', Array.isArray(scope) ? scope.join(' ') : text(scope) || 'basic'],
        ['redirect_uri', redirect_uri], ['state', state], ['response_type', response_type || 'code'],
        ...PKCE.map(key => [key, this.config[key]])]
      return pairs.map(([key, value]) => [key, text(value)]).filter(pair => pair[1])
    }

    draw (root, colors) {
      const host = document.createElement('span')
      const sheet = css(colors), shade = host.attachShadow({ mode: 'open' })
      try {
        /* No matter of the page's style-src, unlike a style element. */
        const made = new CSSStyleSheet()
        made.replaceSync(sheet)
        shade.adoptedStyleSheets = [made]
      } catch (_) {
        shade.appendChild(document.createElement('style')).textContent = sheet
      }
      shade.appendChild(document.createElement('slot'))

      const authorize = `${base}oauth/authorize/?${query(this.asked())}`
      const next = authorize.replace(/^https?:\/\/[^/]*/, '')
      const links = [[LABEL, authorize], [OTHER, `${base}account/logout/?${query([['next', next]])}`]].map(([label, href]) => {
        const link = host.appendChild(document.createElement('a'))
        link.textContent = label
        link.href = href
        link.toggleAttribute('data-other', label === OTHER)
        if (isTrue(this.config.new_window)) {
          link.target = '_blank'
          link.rel = 'noopener'
        }
        return link
      })
      if (this.stop) this.stop()
      const before = hosts.get(root)
      if (before && before.parentNode === root) root.replaceChild(host, before)
      else root.appendChild(host)
      hosts.set(root, host)
      this.personalise(host, links, colors, this.choose(links[0]))
    }

    /* Our frame over the links, once it is there: on our own site it knows who is signed in, elsewhere who used the
       chooser here. */
    personalise (host, links, colors, chooses) {
      const { protocol, hostname, origin } = new URL(base)
      const near = protocol === location.protocol && kin(hostname, location.hostname)
      if (this.config.frame === 'off' || !(near || chooses)) return
      const frame = this.iframe = document.createElement('iframe')
      frame.title = LABEL
      if (chooses) frame.allow = 'identity-credentials-get'
      frame.src = this.iframe_base_url + query([...this.asked(), ['new_window', isTrue(this.config.new_window)],
        ...Object.entries(colors), ['origin', location.origin], ['fedcm', chooses]])
      const hear = it => {
        if (it.source !== frame.contentWindow || it.origin !== origin) return
        if (it.data === CLICKED) links[0].click()
        if (it.data !== READY) return
        clearTimeout(tired)
        /* Not from under somebody's fingers. */
        if (host.contains(document.activeElement)) return this.stop()
        frame.toggleAttribute('data-shown', true)
        for (const link of links) link.toggleAttribute('inert', true)
      }
      const tired = setTimeout(() => this.stop(), PATIENCE)
      this.stop = () => {
        clearTimeout(tired)
        removeEventListener('message', hear)
        frame.remove()
        this.stop = null
      }
      addEventListener('message', hear)
      host.appendChild(frame)
    }

    /* Where there is FedCM, a click opens the browser's own chooser. Says whether it does. */
    choose (link) {
      const asked = Object.fromEntries(this.asked())
      if (this.config.fedcm === 'off' || link.target || asked.response_type !== 'code' || !/^https:/.test(base) ||
        !`${asked.redirect_uri}/`.startsWith(`${location.origin}/`) || !(window.IdentityProvider || {}).resolve) return false
      const { client_id, ...params } = asked
      params.response_mode = 'query'
      let tried = false
      link.addEventListener('click', event => {
        if (tried || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        tried = true
        const began = Date.now()
        const provider = { configURL: `${base}fedcm/config.json`, clientId: client_id, params, fields: [] }
        navigator.credentials.get({ identity: { mode: 'active', providers: [provider] } }).then(({ token }) => {
          const to = new URL(token)
          location.assign(to.origin === location.origin ? to.href : link.href)
        }).catch(problem => {
          /* Who closed it has said no; a browser that refused at once has not asked. */
          if (problem.name === 'IdentityCredentialError' || Date.now() - began < PATIENCE) location.assign(link.href)
        })
      })
      return true
    }
  }

  SSO_JS.contrast = contrast
  SSO_JS.kin = kin
  window.SSO_JS = SSO_JS
  window.sso_root = new SSO_JS({})
})()
