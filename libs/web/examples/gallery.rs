//! Serves one page with every component, for looking at: `cargo run -p siegel-web --example
//! gallery`, then open <http://localhost:8099>.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use siegel_crypto::SystemEntropy;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_web::forms::{
    Alert, Badge, Button, Checkbox, Choice, DescriptionList, Errors, Input, Item, LevelBadge, Link,
    Pagination, Radios, Select, Steps, Textarea,
};
use siegel_web::{Branding, Csrf, CsrfField, Face, NavItem, Person, Problem, View, format};

#[derive(askama::Template)]
#[template(path = "gallery.html")]
struct Gallery {
    csrf: CsrfField,
    steps: Steps,
    email: Input,
    password: Input,
    code: Input,
    file: Input,
    message: Textarea,
    state: Select,
    way: Radios,
    consent: Checkbox,
    primary: Button,
    secondary: Button,
    tertiary: Button,
    alerts: Vec<Alert>,
    badges: Vec<Badge>,
    levels: Vec<LevelBadge>,
    facts: DescriptionList,
    when: String,
    size: String,
    pages: Pagination,
    open: Link,
}

async fn gallery(view: View) -> Response {
    let locale = view.locale;
    let mut errors = Errors::new();
    errors.add("email", "Geben Sie eine E-Mail-Adresse ein, zum Beispiel name@example.de");
    errors.add("way", "Wählen Sie, wie Sie sich ausweisen möchten");
    let eid = Choice::new("eid", "Online-Ausweis").hint("Personalausweis mit PIN und ein Telefon");
    let letter = Choice::new("letter", "Brief mit Code").hint("Kommt in zwei bis drei Werktagen");
    let body = Gallery {
        csrf: view.csrf_field(),
        steps: Steps::new(locale, 2, &["E-Mail", "Bestätigen", "Passwort"]),
        email: Input::email("email", "E-Mail-Adresse").value("ada@").error_in(&errors),
        password: Input::password("password", "Passwort").hint("Mindestens 12 Zeichen"),
        code: Input::code("code", "Code aus der E-Mail", 6).value("482913"),
        file: Input::file("receipt", "Quittung", ".json").optional(locale),
        message: Textarea::new("message", "Ihre Nachricht").hint("Höchstens 2 000 Zeichen"),
        state: Select::new("state", "Land", ["Hamburg", "Hessen"].map(|l| Choice::new(l, l))),
        way: Radios::new("way", "Wie möchten Sie sich ausweisen?", [eid, letter]).error_in(&errors),
        consent: Checkbox::new("consent", "Ich gebe meinen Namen an das Wohnungsamt weiter."),
        primary: Button::primary("Weiter"),
        secondary: Button::secondary("Zurück"),
        tertiary: Button::tertiary("Abbrechen").skip_validation(),
        alerts: vec![
            Alert::info("Öffnen hat Folgen").text("Mit dem Öffnen gilt der Brief als zugestellt."),
            Alert::success("Die Quittung ist echt").text("Unterschrift und Inhalt stimmen."),
            Alert::warning("Höheres Vertrauensniveau nötig").text("Bitte weisen Sie sich aus."),
            Alert::danger("Die Unterschrift stimmt nicht"),
        ],
        badges: vec![
            Badge::info("Neu"),
            Badge::success("Gelesen"),
            Badge::warning("Frist läuft"),
            Badge::danger("Abgelaufen"),
        ],
        levels: TrustLevel::ALL.map(|level| LevelBadge::new(level, locale)).to_vec(),
        facts: DescriptionList::new(
            locale,
            [
                Item::new("Name", "Ada <Musterfrau>")
                    .source("Online-Ausweis")
                    .level(TrustLevel::High),
                Item::new("E-Mail-Adresse", "ada@example.de")
                    .source("Eigene Angabe")
                    .level(TrustLevel::Basic)
                    .action("/account/email", "Ändern"),
                Item::new("Postfach", "mbx_0199a3c2f1b07d4e8a61c5d20f7be913"),
            ],
        ),
        when: format::date_time(locale, Timestamp::from_seconds(1_763_730_000)),
        size: format::bytes(locale, 1_480_000),
        pages: Pagination::new(locale).previous(Some("?p=1".into())).next(Some("?p=3".into())),
        open: Link::primary("/postbox/1/open", "Brief öffnen"),
    };
    view.page("Alle Bausteine")
        .lead("So sehen die Teile aus, aus denen jede Seite besteht.")
        .back("/")
        .nav([
            NavItem::new("/", "Übersicht"),
            NavItem::new("/postbox", "Postfach").count(3),
            NavItem::new("/account", "Konto"),
        ])
        .person(Person::new("Ada Musterfrau").account("/account").logout("/account/logout"))
        .errors(&errors)
        .show(&body)
}

async fn sign_in(view: View) -> Response {
    let body = format!(
        "<form method=\"post\" action=\"/login\" novalidate>{}{}{}{}</form>\
         <p class=\"kern-body\">Noch kein Konto? {}</p>",
        view.csrf_field(),
        Input::email("email", "E-Mail-Adresse").autocomplete("username"),
        Input::password("password", "Passwort"),
        Button::primary("Anmelden").block(),
        Link::text("/register", "Konto anlegen"),
    );
    view.page("Anmelden").narrow().html(body)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let branding = Branding::new("Stadt Musterstadt")
        .footer_link("Impressum", "Imprint", "/imprint")
        .footer_link("Datenschutz", "Privacy", "/privacy")
        .footer_link("Barrierefreiheit", "Accessibility", "/accessibility");
    let csrf = Csrf::new(b"for looking at only", Arc::new(SystemEntropy::new()));
    let face = Face::new("http://localhost:8099", csrf).branding(branding).sandbox(true);
    let pages = Router::new()
        .route("/", get(gallery))
        .route("/login", get(sign_in))
        .route("/broken", get(|view: View| async move { view.problem(Problem::Internal) }))
        .fallback(siegel_web::fallback);
    let app = siegel_web::protect(pages, &face).merge(siegel_web::assets::router());
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8099").await?, app).await?;
    Ok(())
}
