use siegel_kernel::TrustLevel;

use super::*;

const NASTY: &str = "\"><script>alert('x')</script>&";

fn assert_escaped(html: &str) {
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("\"\">"), "{html}");
    assert!(!html.contains("&&") && !html.contains("'x'"), "{html}");
}

#[test]
fn every_component_escapes_every_value() {
    let de = Locale::De;
    let mut errors = Errors::new();
    errors.add(NASTY, NASTY);
    errors.add_general(NASTY);
    let choices = || [Choice::new(NASTY, NASTY).hint(NASTY)];
    let item = Item::new(NASTY, NASTY).source(NASTY).level(TrustLevel::High).action(NASTY, NASTY);
    for html in [
        Input::text(NASTY, NASTY).hint(NASTY).error(NASTY).value(NASTY).to_html(),
        Input::file(NASTY, NASTY, NASTY).optional(de).to_html(),
        Textarea::new(NASTY, NASTY).hint(NASTY).error(NASTY).value(NASTY).to_html(),
        Hidden::new(NASTY, NASTY).to_html(),
        Select::new(NASTY, NASTY, choices()).hint(NASTY).error(NASTY).selected(NASTY).to_html(),
        Radios::new(NASTY, NASTY, choices()).hint(NASTY).error(NASTY).selected(NASTY).to_html(),
        Checkbox::new(NASTY, NASTY).value(NASTY).hint(NASTY).error(NASTY).to_html(),
        Button::primary(NASTY).sends(NASTY, NASTY).to_html(),
        Link::text(NASTY, NASTY).to_html(),
        Link::primary(NASTY, NASTY).to_html(),
        Alert::info(NASTY).text(NASTY).to_html(),
        errors.summary(de).unwrap().to_html(),
        Badge::info(NASTY).to_html(),
        DescriptionList::new(de, [item]).to_html(),
        Steps::new(de, 1, &[NASTY]).to_html(),
        Pagination::new(de).previous(Some(NASTY.into())).next(Some(NASTY.into())).to_html(),
    ] {
        assert_escaped(&html);
    }
}

#[test]
fn a_component_is_not_escaped_twice_with_or_without_the_safe_filter() {
    #[derive(askama::Template)]
    #[template(source = "{{ link }}|{{ link|safe }}", ext = "html")]
    struct Both {
        link: Link,
    }
    let link = Link::text("/a", "A & B");
    let expected = "<a class=\"kern-link\" href=\"/a\">A &#38; B</a>";
    assert_eq!(Both { link }.to_string(), format!("{expected}|{expected}"));
}

#[test]
fn a_field_is_described_by_its_error_first_and_then_by_its_hint() {
    let html = Input::email("email", "E-Mail").hint("Hinweis").error("Fehler").to_html();
    assert!(html.contains("aria-describedby=\"email-error email-hint\" aria-invalid=\"true\""));
    assert!(html.contains("id=\"email-error\"") && html.contains("id=\"email-hint\""));
    assert!(html.contains("<label class=\"kern-label\" for=\"email\">E-Mail</label>"));
}

#[test]
fn a_field_finds_its_own_error_and_the_summary_links_to_it() {
    let mut errors = Errors::new();
    errors.add("email", "Bitte angeben");
    assert!(Input::email("email", "E-Mail").error_in(&errors).to_html().contains("Bitte angeben"));
    assert!(!Input::text("name", "Name").error_in(&errors).to_html().contains("kern-error"));
    let summary = errors.summary(Locale::De).unwrap().to_html();
    assert!(summary.contains("Bitte prüfen Sie eine Angabe"), "{summary}");
    assert!(summary.contains("<a class=\"kern-link\" href=\"#email\">Bitte angeben</a>"));
    assert!(Errors::new().summary(Locale::De).is_none());
}

#[test]
fn a_password_is_never_shown_again() {
    let html = Input::password("password", "Passwort").value("hunter2").to_html();
    assert!(!html.contains("hunter2"));
}

#[test]
fn the_first_radio_button_has_the_groups_id() {
    let choices = ["a", "b"].map(|v| Choice::new(v, v));
    let html = Radios::new("way", "Weg", choices).selected("b").to_html();
    assert!(html.contains("id=\"way\" name=\"way\" value=\"a\" required"), "{html}");
    assert!(html.contains("id=\"way-2\" name=\"way\" value=\"b\" checked"), "{html}");
}

#[test]
fn a_level_is_said_in_words_of_both_languages() {
    let html = |locale| LevelBadge::new(TrustLevel::Substantial, locale).to_html();
    assert!(html(Locale::De).contains("substanziell<span class=\"kern-sr-only\"> (3 von 4)"));
    assert!(html(Locale::En).contains("substantial<span class=\"kern-sr-only\"> (3 of 4)"));
    assert_eq!(html(Locale::De).matches("class=\"on\"").count(), 3);
}

#[test]
fn bad_news_interrupts_and_good_news_waits() {
    assert!(Alert::danger("x").to_html().contains("role=\"alert\""));
    assert!(Alert::success("x").to_html().contains("role=\"status\""));
}
