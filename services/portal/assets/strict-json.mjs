// JSON as docs/receipt-format.md § 2 asks for it. `JSON.parse` takes two members of one name and
// rounds large numbers: what two programs could read differently is refused here.

const DEEPEST = 32
const BLANK = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const SHORT = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const WORDS = [['true', true], ['false', false], ['null', null]]

/** Reads UTF-8 bytes; throws a SyntaxError. Objects have no prototype. */
export function readJson(bytes, { nulls }) {
  let text
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SyntaxError('not UTF-8')
  }
  return new Reader(text, nulls).whole()
}

class Reader {
  constructor(text, nulls) {
    this.text = text
    this.nulls = nulls
    this.at = 0
  }

  whole() {
    const value = this.value(0)
    this.skip()
    if (this.at !== this.text.length) throw new SyntaxError('more than one value')
    return value
  }

  skip() {
    BLANK.lastIndex = this.at
    BLANK.exec(this.text)
    this.at = BLANK.lastIndex
  }

  /** Takes the character when it is the next one behind blanks. */
  takes(character) {
    this.skip()
    if (this.text[this.at] !== character) return false
    this.at += 1
    return true
  }

  needs(character) {
    if (!this.takes(character)) throw new SyntaxError(`no ${character} at ${this.at}`)
  }

  value(depth) {
    if (this.takes('"')) return this.string()
    if (this.takes('{')) return this.object(depth + 1)
    if (this.takes('[')) return this.array(depth + 1)
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        if (value === null && !this.nulls) throw new SyntaxError('a null')
        this.at += word.length
        return value
      }
    }
    return this.number()
  }

  object(depth) {
    if (depth > DEEPEST) throw new SyntaxError('nested too deep')
    const members = Object.create(null)
    if (this.takes('}')) return members
    do {
      this.needs('"')
      const name = this.string()
      if (Object.hasOwn(members, name)) throw new SyntaxError('two members of one name')
      this.needs(':')
      members[name] = this.value(depth)
    } while (this.takes(','))
    this.needs('}')
    return members
  }

  array(depth) {
    if (depth > DEEPEST) throw new SyntaxError('nested too deep')
    const values = []
    if (this.takes(']')) return values
    do values.push(this.value(depth))
    while (this.takes(','))
    this.needs(']')
    return values
  }

  number() {
    NUMBER.lastIndex = this.at
    const [digits] = NUMBER.exec(this.text) ?? []
    const value = Number(digits)
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new SyntaxError(`no value at ${this.at}`)
    this.at = NUMBER.lastIndex
    return value
  }

  /** The rest of a string behind its first quotation mark. */
  string() {
    let read = ''
    for (;;) {
      PLAIN.lastIndex = this.at
      read += PLAIN.exec(this.text)[0]
      this.at = PLAIN.lastIndex + 1
      const end = this.text[this.at - 1]
      if (end === '"') break
      if (end !== '\\') throw new SyntaxError('a string without an end')
      read += this.escape()
    }
    if (!read.isWellFormed()) throw new SyntaxError('half a character')
    return read
  }

  escape() {
    const kind = this.text[this.at]
    this.at += 1
    if (Object.hasOwn(SHORT, kind)) return SHORT[kind]
    const digits = this.text.slice(this.at, this.at + 4)
    if (kind !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw new SyntaxError('an unknown escape')
    this.at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }
}
