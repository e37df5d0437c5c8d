use askama::Template;
use axum::extract::State;
use axum::response::Response;
use siegel_eid::{CardState, personas};
use siegel_kernel::Clock as _;
use siegel_web::forms::{Badge, Button, DescriptionList, Input, Item};
use siegel_web::{CsrfField, Texts, View, format};

use super::{LOCALES, Sandbox};

/// What is where: path and text key.
const PLACES: [(&str, &str); 8] = [
    ("/", "place-home"),
    ("/account", "place-account"),
    ("/postbox", "place-postbox"),
    ("/organisation", "place-organisation"),
    ("/verify", "place-verify"),
    ("/sandbox/mail", "place-mail"),
    ("/.well-known/openid-configuration", "place-discovery"),
    ("/log/keys.json", "place-keys"),
];

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<h2 class="kern-heading-medium">{{ t.get("places") }}</h2>
<ul class="kern-list">
{%- for (href, text) in places %}
<li><a class="kern-link" href="{{ href }}">{{ text }}</a></li>
{%- endfor %}
</ul>
<h2 class="kern-heading-medium">{{ t.get("people") }}</h2>
<p class="kern-body">{{ t.get("people-text") }}</p>
{{ people }}
<h2 class="kern-heading-medium">{{ t.get("clock") }}</h2>
<p class="kern-body">{{ now }}{% if let Some(badge) = moved %} {{ badge }}{% endif %}</p>
<p class="kern-body">{{ t.get("clock-text") }}</p>
<form method="post" action="/sandbox/clock" novalidate>
{{ csrf }}
{{ days }}
<div class="siegel-actions">{{ forward }}</div>
</form>
<h2 class="kern-heading-medium">{{ t.get("personas") }}</h2>
<p class="kern-body">{{ t.get("personas-text") }}</p>
<ul class="kern-list">
{%- for persona in cards %}
<li>{{ persona.0 }} (<code>{{ persona.1 }}</code>){% if let Some(badge) = persona.2 %} {{ badge }}{% endif %}</li>
{%- endfor %}
</ul>"#
)]
struct Index {
    t: Texts,
    csrf: CsrfField,
    places: Vec<(&'static str, String)>,
    people: DescriptionList,
    now: String,
    moved: Option<Badge>,
    days: Input,
    forward: Button,
    cards: Vec<(String, String, Option<Badge>)>,
}

pub async fn show(State(sandbox): State<Sandbox>, view: View) -> Response {
    let t = view.texts(&LOCALES);
    let people = sandbox.people.iter().map(|(name, address)| Item::new(name, address));
    let people = DescriptionList::new(view.locale, people);
    let state = |state| match state {
        CardState::Valid => None,
        CardState::Expired => Some(Badge::warning(t.get("card-expired"))),
        CardState::Blocked => Some(Badge::danger(t.get("card-blocked"))),
    };
    let cards = personas().unwrap_or_default().into_iter();
    let body = Index {
        csrf: view.csrf_field(),
        places: PLACES.map(|(href, key)| (href, t.get(key))).to_vec(),
        people,
        now: format::date_time(view.locale, sandbox.clock.now()),
        moved: sandbox.clock.is_moved().then(|| Badge::warning(t.get("clock-moved"))),
        days: Input::text("days", t.get("clock-days")).value("1").max_length(4),
        forward: Button::secondary(t.get("clock-forward")),
        cards: cards.map(|p| (p.display_name(), p.id.clone(), state(p.state))).collect(),
        t,
    };
    view.page(t.get("index-title")).lead(t.get("index-lead")).show(&body)
}
