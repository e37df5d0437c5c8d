use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;
use siegel_web::forms::{DescriptionList, Item};
use siegel_web::{Problem, Texts, View, format};

use super::mail_sink::SandboxMail;
use super::mail_text::readable;
use super::{LOCALES, Sandbox};

#[derive(Deserialize)]
pub struct Filter {
    /// Only mails to this address.
    to: Option<String>,
}

impl Filter {
    fn holds(&self, mail: &SandboxMail) -> bool {
        self.to.as_ref().is_none_or(|to| mail.is_to(to))
    }
}

/// A mail for machines: `/sandbox/mail.json`, newest first, `?to=address` for one recipient.
#[derive(Serialize)]
pub struct MailJson {
    id: String,
    /// Envelope recipients, separated by a comma and a space.
    to: String,
    subject: String,
    /// RFC 3339.
    received_at: String,
    text: String,
}

pub async fn json(
    State(sandbox): State<Sandbox>,
    Query(filter): Query<Filter>,
) -> Json<Vec<MailJson>> {
    let mails = sandbox.mails.mails().into_iter().filter(|mail| filter.holds(mail));
    Json(mails.map(MailJson::from).collect())
}

impl From<SandboxMail> for MailJson {
    fn from(mail: SandboxMail) -> Self {
        let shown = readable(&mail.raw);
        Self {
            id: mail.id.to_string(),
            to: mail.to.join(", "),
            subject: shown.subject,
            received_at: mail.received_at.to_rfc3339(),
            text: shown.text,
        }
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"
{%- if rows.is_empty() %}<p class="kern-body">{{ t.get("mail-none") }}</p>
{%- else %}<div class="kern-table-responsive"><table class="kern-table">
<caption class="kern-title">{{ t.get("mail-caption") }}</caption>
<thead><tr class="kern-table__row"><th class="kern-table__header" scope="col">{{ t.get("mail-subject") }}</th><th class="kern-table__header" scope="col">{{ t.get("mail-to") }}</th><th class="kern-table__header" scope="col">{{ t.get("mail-received") }}</th></tr></thead>
<tbody class="kern-table__body">
{%- for row in rows %}
<tr class="kern-table__row"><td class="kern-table__cell"><a class="kern-link" href="/sandbox/mail/{{ row.id }}">{{ row.subject }}</a></td><td class="kern-table__cell">{{ row.to }}</td><td class="kern-table__cell"><time datetime="{{ row.machine }}">{{ row.received }}</time></td></tr>
{%- endfor %}
</tbody></table></div>
{%- endif %}
<p class="kern-body"><a class="kern-link" href="/sandbox/mail.json">{{ t.get("mail-json") }}</a></p>"#
)]
struct List {
    t: Texts,
    rows: Vec<Row>,
}

struct Row {
    id: u64,
    to: String,
    subject: String,
    received: String,
    machine: String,
}

pub async fn list(
    State(sandbox): State<Sandbox>,
    view: View,
    Query(filter): Query<Filter>,
) -> Response {
    let t = view.texts(&LOCALES);
    let row = |mail: SandboxMail| {
        let subject = readable(&mail.raw).subject;
        Row {
            id: mail.id,
            to: mail.to.join(", "),
            subject: if subject.is_empty() { t.get("mail-no-subject") } else { subject },
            received: received(&view, mail.received_at),
            machine: format::machine(mail.received_at),
        }
    };
    let rows = sandbox.mails.mails().into_iter().filter(|m| filter.holds(m)).map(row).collect();
    let body = List { t, rows };
    view.page(t.get("mail-title")).lead(t.get("mail-lead")).back("/sandbox").wide().show(&body)
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{{ facts }}
<pre tabindex="0">{{ text }}</pre>"#
)]
struct One {
    facts: DescriptionList,
    text: String,
}

pub async fn one(State(sandbox): State<Sandbox>, view: View, Path(id): Path<u64>) -> Response {
    let Some(mail) = sandbox.mails.mail(id) else { return view.problem(Problem::NotFound) };
    let t = view.texts(&LOCALES);
    let shown = readable(&mail.raw);
    let facts = [
        Item::new(t.get("mail-from"), shown.from),
        Item::new(t.get("mail-to"), mail.to.join(", ")),
        Item::new(t.get("mail-received"), received(&view, mail.received_at)),
    ];
    let body = One { facts: DescriptionList::new(view.locale, facts), text: shown.text };
    let subject = if shown.subject.is_empty() { t.get("mail-no-subject") } else { shown.subject };
    view.page(subject).back("/sandbox/mail").show(&body)
}

fn received(view: &View, at: Timestamp) -> String {
    format::date_time(view.locale, at)
}
