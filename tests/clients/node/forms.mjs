// A browser without script: follows redirects, keeps cookies, fills and sends HTML forms.
import { parse } from 'node-html-parser'

export class Browser {
  #cookies = new Map()

  constructor(origin) {
    this.origin = new URL(origin).origin
  }

  // Loads a page; stops at the first redirect for which `stop(url)` is true.
  // Answers {url} for such a stop, else {url, page, status}.
  async open(url, { stop = () => false, ...init } = {}) {
    let target = new URL(url)
    let request = init
    for (let hop = 0; hop < 20; hop += 1) {
      if (stop(target)) return { url: target }
      if (target.origin !== this.origin) throw new Error(`left the origin for ${target.origin}`)
      const response = await fetch(target, {
        ...request,
        redirect: 'manual',
        headers: { accept: 'text/html', 'accept-language': 'de', cookie: this.#cookieHeader(), ...request.headers },
      })
      for (const line of response.headers.getSetCookie()) this.#keep(line)
      const location = response.headers.get('location')
      if (response.status >= 300 && response.status < 400 && location) {
        await response.body?.cancel()
        if ([307, 308].includes(response.status) && request.method === 'POST') {
          throw new Error(`${target.pathname} repeats a posted form by ${response.status}`)
        }
        target = new URL(location, target)
        request = {}
        continue
      }
      return { url: target, status: response.status, page: parse(await response.text()) }
    }
    throw new Error('more than 20 redirects')
  }

  // Sends `form` as the browser would after a click on `button`.
  async submit(from, form, values, button, options = {}) {
    const action = new URL(button?.getAttribute('formaction') || form.getAttribute('action') || '', from)
    const method = (button?.getAttribute('formmethod') || form.getAttribute('method') || 'get').toUpperCase()
    const body = new URLSearchParams(values)
    if (button?.getAttribute('name')) body.append(button.getAttribute('name'), button.getAttribute('value') ?? '')
    if (method === 'GET') {
      action.search = body.toString()
      return this.open(action, options)
    }
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: this.origin,
      referer: from.href,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate',
    }
    return this.open(action, { ...options, method, body: body.toString(), headers })
  }

  #cookieHeader() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const gone = attributes.some((a) => /^\s*max-age=0\s*$/i.test(a) || /^\s*expires=.* 1970 /i.test(a))
    if (gone) this.#cookies.delete(pair.slice(0, at).trim())
    else this.#cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
  }
}

const attr = (element, name) => element.getAttribute(name) ?? ''
const described = (element) => [attr(element, 'name'), attr(element, 'value'), attr(element, 'id'), element.text].join(' ').toLowerCase()

// What the form would send untouched.
export function defaults(form) {
  const values = []
  for (const field of form.querySelectorAll('input, select, textarea')) {
    const name = attr(field, 'name')
    if (!name || field.hasAttribute('disabled')) continue
    const type = attr(field, 'type').toLowerCase() || 'text'
    if (field.tagName === 'SELECT') {
      const options = field.querySelectorAll('option')
      const chosen = options.find((o) => o.hasAttribute('selected')) ?? options[0]
      if (chosen) values.push([name, chosen.getAttribute('value') ?? chosen.text.trim()])
    } else if (type === 'checkbox' || type === 'radio') {
      if (field.hasAttribute('checked') || (type === 'checkbox' && field.hasAttribute('required'))) {
        values.push([name, field.getAttribute('value') ?? 'on'])
      }
    } else if (!['submit', 'button', 'image', 'reset', 'file'].includes(type)) {
      values.push([name, field.tagName === 'TEXTAREA' ? field.text : attr(field, 'value')])
    }
  }
  return values
}

export function set(values, name, value) {
  const rest = values.filter(([n]) => n !== name)
  rest.push([name, value])
  return rest
}

export function buttons(form) {
  return form
    .querySelectorAll('button, input[type=submit]')
    .filter((b) => !['button', 'reset'].includes(attr(b, 'type').toLowerCase()) && !b.hasAttribute('disabled'))
}

const REFUSE = /cancel|abbrech|deny|reject|decline|ablehn|verweiger|logout|abmeld|resend|erneut/

// Decides what a person would do with the page: which form, which values, which button.
export function answer(page, persona) {
  const candidates = []
  for (const form of page.querySelectorAll('form')) {
    const action = attr(form, 'action').toLowerCase()
    if (/logout|register|language|locale|lang=|\/reset|forgot/.test(action)) continue
    const all = buttons(form)
    const willing = all.filter((b) => !REFUSE.test(described(b)))
    if (all.length > 0 && willing.length === 0) continue
    let values = defaults(form)
    let score = attr(form, 'method').toLowerCase() === 'post' ? 1 : 0
    let button = willing.find((b) => /allow|accept|grant|approve|zustimm|erlaub|freigeb/.test(described(b))) ?? willing[0]
    for (const field of form.querySelectorAll('input')) {
      const [type, name] = [attr(field, 'type').toLowerCase(), attr(field, 'name')]
      if (type === 'password') {
        values = set(values, name, persona.password)
        score += 8
      } else if (type === 'email' || (['', 'text'].includes(type) && /mail|user|login/i.test(name))) {
        values = set(values, name, persona.email)
        score += 2
      } else if (type === 'radio' && attr(field, 'value') === persona.eid_persona) {
        values = set(values, name, persona.eid_persona)
        score += 6
      }
    }
    for (const field of form.querySelectorAll('select')) {
      if (field.querySelectorAll('option').some((o) => attr(o, 'value') === persona.eid_persona)) {
        values = set(values, attr(field, 'name'), persona.eid_persona)
        score += 6
      }
    }
    const card = willing.find((b) => attr(b, 'value') === persona.eid_persona)
    const method = willing.find((b) => /\beid\b|online-ausweis|ausweis/.test(described(b)))
    if (card) score += 6
    else if (method) score += 3
    button = card ?? (score < 8 && method) ?? button
    candidates.push({ form, values, button: button || willing[0], score })
  }
  candidates.sort((a, b) => b.score - a.score)
  return candidates[0]
}

// Walks from `url` through whatever pages come until `stop(url)`; answers that URL.
export async function walk(browser, url, persona, stop) {
  let at = await browser.open(url, { stop })
  const seen = []
  for (let step = 0; step < 15; step += 1) {
    if (!at.page) return { url: at.url, pages: seen }
    seen.push(`${at.status} ${at.url.pathname} "${at.page.querySelector('title')?.text.trim() ?? ''}"`)
    if (at.status >= 400) break
    const next = answer(at.page, persona)
    if (next) {
      at = await browser.submit(at.url, next.form, next.values, next.button, { stop })
      continue
    }
    const link = at.page.querySelectorAll('main a').find((a) => /eid/.test(attr(a, 'href')))
    if (!link) break
    at = await browser.open(new URL(attr(link, 'href').replaceAll('&amp;', '&'), at.url), { stop })
  }
  throw new Error(`no way on from the pages seen:\n  ${seen.join('\n  ')}`)
}
