// What a receipt proves, and what it does not, in plain words: those of libs/receipt, sentence for
// sentence (a test compares them), so that people read the same wherever they verify.

import { instant } from './receipt.mjs'

const TITLES = {
  accepted: ['Angenommen', 'Accepted'],
  rejected: ['Abgewiesen', 'Rejected'],
  provided: ['Zum Abruf bereitgestellt', 'Provided for retrieval'],
  notified: ['Benachrichtigt', 'Notified'],
  notify_failed: ['Benachrichtigung fehlgeschlagen', 'Notification failed'],
  opened: ['Geöffnet', 'Opened'],
  opened_by_delegate: ['Von einer Vertretung geöffnet', 'Opened by a delegate'],
  downloaded: ['Heruntergeladen', 'Downloaded'],
  confirmed: ['Empfang bestätigt', 'Receipt confirmed'],
  refused: ['Annahme verweigert', 'Refused'],
  deemed_announced: ['Gilt als bekanntgegeben', 'Deemed announced'],
  deemed_served: ['Gilt als zugestellt', 'Deemed served'],
  provision_ended: ['Bereitstellung beendet', 'Provision ended'],
  expired_unread: ['Ungelesen abgelaufen', 'Expired unread'],
  recalled: ['Zurückgerufen', 'Recalled'],
  superseded: ['Ersetzt', 'Superseded'],
  undeliverable: ['Unzustellbar', 'Undeliverable'],
  reply_accepted: ['Antwort angenommen', 'Reply accepted'],
  purged: ['Inhalt gelöscht', 'Content purged'],
}

const LEVELS = {
  1: ['Basisregistrierung', 'basic'],
  2: ['niedrig', 'low'],
  3: ['substanziell', 'substantial'],
  4: ['hoch', 'high'],
}

const REJECTIONS = {
  RECIPIENT_UNKNOWN: [
    'Unter der angegebenen Kennung erreicht dieser Absender niemanden.',
    'Under the handle given this sender reaches nobody.',
  ],
  RECIPIENT_OPTED_OUT: [
    'Die Empfängerin oder der Empfänger hat Briefe dieses Absenders im Postfach ausgeschlossen.',
    'The recipient excluded letters of this sender in the postbox.',
  ],
  ATTACHMENT_INFECTED: ['In einer Anlage wurde Schadsoftware gefunden.', 'Malware was found in an attachment.'],
}

const FAILURES = {
  FORMAT: ['Die Datei ist kein Beleg im Format siegel-receipt/1.', 'The file is not a receipt in the format siegel-receipt/1.'],
  KEYS: ['Die Schlüsseldatei ist kein JWK-Set.', 'The key file is not a JWK set.'],
  TOKEN: ['Das Token im Beleg ist beschädigt.', 'The token in the receipt is damaged.'],
  UNKNOWN_KEY: ['Der Beleg nennt einen Schlüssel, der nicht im Schlüsselsatz steht.', 'The receipt names a key that is not in the key set.'],
  OTHER_THUMBPRINT: ['Der Schlüssel hat einen anderen Fingerabdruck als verlangt.', 'The key has another thumbprint than the one asked for.'],
  KEY_OUT_OF_TIME: [
    'Der Schlüssel war nicht in Gebrauch, als der Beleg geschrieben sein will.',
    'The key was not in use when the receipt says it was written.',
  ],
  SIGNATURE: [
    'Die Signatur hält nicht: Inhalt und Signatur gehören nicht zusammen, eines von beiden wurde verändert.',
    'The signature does not hold: payload and signature do not belong together, one of them was changed.',
  ],
  PAYLOAD: [
    'Der Inhalt ist signiert, aber kein Beleg, den dieses Programm versteht.',
    'The payload is signed but not a receipt this program understands.',
  ],
  CONTRADICTION: ['Der Inhalt ist signiert, widerspricht sich aber.', 'The payload is signed but contradicts itself.'],
  DISCLOSURE: ['Eine offengelegte Angabe ist nicht die im Beleg festgelegte.', 'A disclosed value is not the one the receipt commits to.'],
  LOG: [
    'Der Platz des Belegs im öffentlichen Verzeichnis hält nicht.',
    "The receipt's place in the public log does not hold.",
  ],
}

const both = ([de, en]) => ({ de, en })

/** Why a receipt does not hold. */
export const complaint = (code) => both(FAILURES[code] ?? FAILURES.FORMAT)

/** The plain words about a verified receipt. */
export function explain(verified) {
  const { body } = verified
  const [de, en] = moment(verified.event_time)
  const [titleDe, titleEn] = TITLES[verified.kind]
  const key = verified.key_thumbprint
  const authority = body.sender.authority
  const proven = [
    [`Unversehrt: Inhalt und Signatur gehören zusammen (Schlüssel ${key}).`, `Intact: payload and signature belong together (key ${key}).`],
    [
      `Der Brief ${verified.letter_id} von „${authority}“ hat genau den Inhalt mit dem Prüfwert ${body.content_digest}.`,
      `Letter ${verified.letter_id} from "${authority}" has exactly the content with the digest ${body.content_digest}.`,
    ],
    ...rejection(verified),
    actor(body),
    body.legal_effect && effect(body.legal_effect),
    body.notification && notification(body.notification),
    body.instruction && instruction(body.instruction),
    body.service_use && serviceUse(body.service_use),
    body.replaced_by !== undefined && [`An seine Stelle tritt der Brief ${body.replaced_by}.`, `Letter ${body.replaced_by} takes its place.`],
    body.reason !== undefined && [`Grund: ${body.reason}.`, `Reason: ${body.reason}.`],
    verified.log_entry && logged(verified.log_entry),
    ...Object.entries(verified.disclosed).map(([name, value]) => [
      `Der Beleg legt „${name}“ auf ${value} fest.`,
      `The receipt commits \`${name}\` to ${value}.`,
    ]),
  ]
  return {
    title: both([`${titleDe} am ${de}`, `${titleEn} on ${en}`]),
    proven: proven.filter(Boolean).map(both),
    not_proven: gaps(verified).map(both),
  }
}

/** What a refusal means for the letter, and why it came to it. */
function rejection({ kind, body: { reason, request_digest: digest } }) {
  const rejected = kind === 'rejected'
  return [
    rejected && [
      'Der Brief wurde abgewiesen: er ist nicht angenommen, und niemand kann ihn im Postfach abrufen.',
      'The letter was rejected: it is not accepted, and nobody can retrieve it in the postbox.',
    ],
    rejected && Object.hasOwn(REJECTIONS, reason ?? '') && REJECTIONS[reason],
    digest !== undefined && [
      `Die Anfrage des Absenders hatte den Prüfwert ${digest}.`,
      `The sender's request had the digest ${digest}.`,
    ],
  ]
}

function actor({ actor, on_behalf_of: behalf }) {
  const [de, en] = LEVELS[actor.trust_level] ?? []
  if (actor.role !== 'recipient' || !de) return undefined
  const [forDe, forEn] = behalf ? represented(behalf) : ['', '']
  return [
    `Gehandelt hat eine angemeldete Person mit Vertrauensniveau „${de}“${forDe}.`,
    `A logged-in person acted, with trust level "${en}"${forEn}.`,
  ]
}

/** For whom somebody acted, German and English. */
function represented({ person, path, mandate_id: id, mandate_version: version = 0 }) {
  const [whomDe, whomEn] =
    person === undefined
      ? ['für eine Organisation', 'for an organisation']
      : ['in Vertretung einer anderen Person', 'for another person']
  const [byDe, byEn] =
    id === undefined ? ['', ''] : [`, Vollmacht ${id}, Fassung ${version}`, `, mandate ${id}, version ${version}`]
  return [`, ${whomDe} (${path}${byDe})`, `, ${whomEn} (${path}${byEn})`]
}

function effect({ effect, day, law, rule }) {
  const [de, en] = [`(${law}, Regel ${rule})`, `(${law}, rule ${rule})`]
  switch (effect) {
    case 'announced_if_retrieved':
      return [
        `Abrufbar bis zum Ablauf des ${day}; bekanntgegeben am Tag nach dem Abruf ${de}.`,
        `Retrievable until the end of ${day}; announced on the day after retrieval ${en}.`,
      ]
    case 'provision_ended':
      return [
        `Die Bereitstellung endete mit Ablauf des ${day}, ohne Bekanntgabe ${de}.`,
        `Provision ended at the end of ${day}, without announcement ${en}.`,
      ]
    case 'served':
      return [`Gilt am ${day} als zugestellt ${de}.`, `Counts as served on ${day} ${en}.`]
    case 'not_served':
      return [
        `Nicht zugestellt: die Annahme wurde am ${day} verweigert ${de}.`,
        `Not served: acceptance was refused on ${day} ${en}.`,
      ]
    default:
      return [`Gilt am ${day} als bekanntgegeben ${de}.`, `Counts as announced on ${day} ${en}.`]
  }
}

function notification({ reason, same_day: sameDay }) {
  if (reason !== undefined) {
    return [`Die Benachrichtigung ist nicht zugestellt worden (${reason}).`, `The notification was not delivered (${reason}).`]
  }
  return sameDay
    ? ['Die Benachrichtigung ging am Tag der Bereitstellung hinaus.', 'The notification left on the day of provision.']
    : ['Die Benachrichtigung ging erst nach dem Tag der Bereitstellung hinaus.', 'The notification left after the day of provision.']
}

function instruction({ text_version: version, given_at: at }) {
  const [de, en] = moment(at)
  return [
    `Die Behörde hat erklärt, am ${de} belehrt zu haben (Text ${version}).`,
    `The authority declared that it gave the instruction on ${en} (text ${version}).`,
  ]
}

function serviceUse({ wording_version: version, chosen_at: at }) {
  const [de, en] = moment(at)
  return [
    `Die Behörde hat erklärt, dass die Bekanntgabe im Postfach bei der Nutzung der Leistung am ${de} nicht ausgeschlossen wurde (Wortlaut ${version}).`,
    `The authority declared that announcement in the postbox was not excluded when the service was used on ${en} (wording ${version}).`,
  ]
}

const logged = ({ origin, index, size }) => [
  `Der Beleg steht im öffentlichen Verzeichnis ${origin} an Stelle ${index + 1} von ${size}.`,
  `The receipt is entry ${index + 1} of ${size} in the public log ${origin}.`,
]

function gaps({ trusted_keys: trusted, clock_moved: moved, body, kind, log_entry: entry }) {
  const found = [
    !trusted && [
      'Wer signiert hat: die Schlüssel sind nicht unabhängig bestätigt. Vergleichen Sie den Fingerabdruck mit dem veröffentlichten.',
      'Who signed: the keys are not independently confirmed. Compare the thumbprint with the published one.',
    ],
    moved && ['Die Zeit: die Uhr des Dienstes war verstellt (Testsystem).', "The time: the service's clock had been moved (test system)."],
    body.legal_effect?.confirmed_by_operator === false && [
      'Die Rechtsfolge: der Betreiber hat diese Fristregel nicht bestätigt.',
      'The legal effect: the operator has not confirmed this rule.',
    ],
    ['accepted', 'provided', 'notified'].includes(kind) && ['Dass jemand den Brief gelesen hat.', 'That anybody read the letter.'],
    kind === 'rejected' &&
      body.reason === 'RECIPIENT_UNKNOWN' && ['Ob es die Empfängerin oder den Empfänger gibt.', 'Whether the recipient exists.'],
    kind === 'rejected' &&
      body.attachment_digests.length > 0 && [
        'Dass die Anlagen so aussahen: ihre Prüfwerte hat der Absender angegeben.',
        'That the attachments were these: the sender stated their digests.',
      ],
    ['opened', 'opened_by_delegate'].includes(kind) && [
      'Dass die Person den Brief verstanden oder heruntergeladen hat.',
      'That the person understood or downloaded the letter.',
    ],
    !entry && [
      'Dass der Beleg im öffentlichen Verzeichnis steht: das wurde hier nicht geprüft.',
      'That the receipt is in the public log: that was not checked here.',
    ],
  ]
  return found.filter(Boolean)
}

/** An instant as people in Germany write it, German and English. */
function moment(text) {
  const at = instant(text)
  if (at === undefined) return [text, text]
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Berlin',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  const parts = Object.fromEntries(clock.formatToParts(Math.floor(at / 1000)).map(({ type, value }) => [type, value]))
  const { year, month, day, hour, minute, second } = parts
  const time = `${hour}:${minute}:${second}`
  return [`${day}.${month}.${year} um ${time} Uhr (Ortszeit Berlin)`, `${year}-${month}-${day} at ${time} (Berlin time)`]
}
