// The form of what is signed (docs/receipt-format.md § 4): every member, none besides.

/** Each kind with its event of ETSI EN 319 522, where there is one. */
export const KINDS = Object.assign(Object.create(null), {
  accepted: 'SubmissionAcceptance',
  rejected: 'SubmissionRejection',
  provided: 'ContentConsignment',
  notified: 'ConsignmentNotification',
  notify_failed: 'ConsignmentNotificationFailure',
  opened: 'ContentAccessTracking',
  opened_by_delegate: 'ContentAccessTracking',
  downloaded: 'ContentHandover',
  confirmed: 'ConsignmentAcceptance',
  refused: 'ConsignmentRejection',
  deemed_announced: '',
  deemed_served: '',
  provision_ended: 'AcceptanceRejectionExpiry',
  expired_unread: '',
  recalled: '',
  superseded: '',
  undeliverable: 'ContentConsignmentFailure',
  reply_accepted: 'SubmissionAcceptance',
  purged: '',
})

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value) => typeof value === 'string'
const yesNo = (value) => typeof value === 'boolean'
const whole = (most) => (value) => Number.isInteger(value) && value >= 0 && value <= most
const listOf = (fits) => (value) => Array.isArray(value) && value.every(fits)
const mapOf = (fits) => (value) => isObject(value) && Object.values(value).every(fits)

/** An object with these members, the optional ones or not, and no other. */
const record = (needed, optional = {}) => (value) => {
  if (!isObject(value)) return false
  const fits = (name) => Object.hasOwn({ ...needed, ...optional }, name) && (needed[name] ?? optional[name])(value[name])
  return Object.keys(needed).every((name) => Object.hasOwn(value, name)) && Object.keys(value).every(fits)
}

const BYTE = whole(0xff)
const COUNT = whole(0xffffffff)

const body = record(
  {
    kind: (value) => text(value) && value in KINDS,
    content_digest: text,
    attachment_digests: listOf(text),
    event_time: text,
    recorded_time: text,
    clock_moved: yesNo,
    number: COUNT,
    sender: record({ tenant: text, client_id: text, authority: text, ars: text, service_id: text }),
    required_level: BYTE,
    actor: record({ role: text }, { pseudonym: text, trust_level: BYTE, authenticated_at: text, client_id: text }),
    commitments: mapOf(text),
  },
  {
    etsi_event: text,
    previous: text,
    on_behalf_of: record(
      { path: text },
      { organisation: text, person: text, path_digest: text, mandate_id: text, mandate_version: COUNT },
    ),
    legal_effect: record(
      {
        rule: text,
        legal_basis: text,
        law: text,
        effect: text,
        day0_event: text,
        day0: text,
        days: COUNT,
        shift: text,
        day: text,
        confirmed_by_operator: yesNo,
      },
      { calendar: text },
    ),
    notification: record({ channel: text, same_day: yesNo }, { reason: text }),
    attachment: text,
    request_digest: text,
    instruction: record({ text_version: text, given_at: text }),
    service_use: record({ wording_version: text, excluded: yesNo, chosen_at: text }),
    replaced_by: text,
    outages: listOf(record({ from: text, to: text })),
    reply: record(
      { reply_id: text, content_digest: text, attachment_digests: listOf(text), late: yesNo },
      { due_on: text },
    ),
    reason: text,
  },
)

/** Whether a payload has the form of a receipt's. */
export const checkBody = record({
  iss: text,
  iat: Number.isInteger,
  jti: text,
  sub: text,
  toe: Number.isInteger,
  events: mapOf(body),
})
