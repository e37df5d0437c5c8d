use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action;

use super::services::LETTER;
use super::world::World;

fn path(rest: &str) -> String {
    format!("/postbox/{LETTER}{rest}")
}

fn action(action: Action) -> pb::LetterAction {
    pb::LetterAction { action: Some(action) }
}

/// A signed-in person with an opened letter that asks for these.
async fn opened(actions: Vec<pb::LetterAction>) -> World {
    let mut world = World::new().await;
    world.log_in("/postbox").await;
    *world.services.actions.lock().unwrap() = actions;
    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    world
}

async fn asked() -> World {
    let reply = pb::ReplyAction { form_id: "f".into(), due_on: "2025-03-05".into() };
    opened(vec![action(Action::Reply(reply))]).await
}

#[tokio::test]
async fn a_letter_shows_what_it_asks_for_as_text_and_links() {
    let pay = pb::PayAction {
        reference: "KZ <b>1</b>".into(),
        url: "https://pay.example/?a=1&b=\"".into(),
        amount_cents: 123_456,
    };
    let appointment = pb::AppointmentAction {
        starts_at: Some(pbjson_types::Timestamp { seconds: 1_741_600_000, nanos: 0 }),
        place: "Zimmer 3".into(),
        ..Default::default()
    };
    let reply = pb::ReplyAction { form_id: String::new(), due_on: "2025-04-01".into() };
    let mut world = opened(vec![
        action(Action::Pay(pay)),
        action(Action::Appointment(appointment)),
        action(Action::Reply(reply)),
    ])
    .await;
    let page = world.browser.get(&path("/read")).await;
    for text in [
        "1.234,56 €",
        "KZ &#60;b&#62;1&#60;/b&#62;",
        "href=\"https://pay.example/?a=1&#38;b=&#34;\"",
        "Zimmer 3",
        "bis zum 1. April 2025",
        &format!("href=\"{}\"", path("/reply")),
    ] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
}

#[tokio::test]
async fn a_reply_is_sent_with_its_files_and_confirmed_on_a_page_to_print() {
    let mut world = asked().await;
    let page = world.browser.get(&path("/reply")).await;
    assert!(page.body.contains("multipart/form-data") && page.body.contains(" multiple"));
    assert!(page.body.contains("Die Frist ist vorbei."), "{}", page.body);
    let files = [("Nachweis.pdf", "%PDF-1.7"), ("Daten.XML", "<a/>")];
    let fields = [("nonce", "n"), ("text", "Anbei\r\nalles.")];
    let page = world.browser.post_files(&path("/reply"), &fields, ("files", &files)).await;
    let way = path("/replies/rcp_1");
    assert_eq!((page.status, page.location.as_deref()), (303, Some(&*way)), "{}", page.body);
    let sent = world.services.replies.lock().unwrap()[0].clone();
    assert_eq!((sent.text.as_str(), sent.letter_id.as_str()), ("Anbei\nalles.", LETTER));
    let types: Vec<_> =
        sent.attachments.iter().map(|a| a.declaration.clone().unwrap().media_type).collect();
    assert_eq!(types, ["application/pdf", "application/xml"]);
    assert_eq!(sent.attachments[1].content, b"<a/>");

    let page = world.browser.get(&way).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for text in ["Eingangsbestätigung", "rpl_1", "Die Antwort kam nach der Frist", "5. März 2025"]
    {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    assert!(page.body.contains(world.services.key.kid()), "the receipt was verified");
    for text in ["Was Sie geschrieben haben", "Anbei<br>alles.", "Nachweis.pdf", "Daten.XML"] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    assert_eq!(world.browser.get(&path("/replies/rcp_2")).await.status, 404);
}

#[tokio::test]
async fn the_same_form_twice_is_one_reply_and_a_changed_one_is_another() {
    let mut world = asked().await;
    world.browser.get(&path("/reply")).await;
    for text in ["Ja", "Ja", "Nein"] {
        let fields = [("nonce", "n"), ("text", text)];
        let page = world.browser.post_files(&path("/reply"), &fields, ("files", &[("", "")])).await;
        assert_eq!(page.status, 303);
    }
    let ids: Vec<_> =
        world.services.replies.lock().unwrap().iter().map(|r| r.request_id.clone()).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    assert!(world.services.replies.lock().unwrap()[0].attachments.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_reply_stands_beside_its_field_and_the_text_is_kept() {
    let mut world = asked().await;
    world.browser.get(&path("/reply")).await;
    let page = world.browser.post_files(&path("/reply"), &[("nonce", "n")], ("files", &[])).await;
    assert!(page.body.contains("id=\"text-error\""), "{}", page.body);
    for reason in ["MEDIA_TYPE_MISMATCH", "ATTACHMENT_TOO_LARGE", "TOO_MANY_ATTACHMENTS"] {
        *world.services.reply_refused.lock().unwrap() = Some(reason);
        let fields = [("nonce", "n"), ("text", "Guten <Tag>")];
        let files = [("a.pdf", "x")];
        let page = world.browser.post_files(&path("/reply"), &fields, ("files", &files)).await;
        assert_eq!(page.status, 422, "{reason}");
        assert!(page.body.contains("id=\"files-error\""), "{reason}");
        assert!(page.body.contains("Guten &#60;Tag&#62;"), "{reason}");
    }
    assert!(world.services.replies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_reply_without_the_forms_token_is_refused() {
    let mut world = asked().await;
    world.browser.token = "forged".into();
    let fields = [("nonce", "n"), ("text", "Ja")];
    let page = world.browser.post_files(&path("/reply"), &fields, ("files", &[])).await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(world.services.replies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_form_opens_no_letter_and_is_there_only_where_a_reply_is_asked_for() {
    let mut world = World::new().await;
    world.log_in("/postbox").await;
    let page = world.browser.get(&path("/reply")).await;
    assert_eq!((page.status, page.location), (303, Some(path(""))));
    assert_eq!(*world.services.opened.lock().unwrap(), 0);
    let mut world = opened(Vec::new()).await;
    let page = world.browser.get(&path("/reply")).await;
    assert_eq!((page.status, page.location), (303, Some(path("/read"))));
}
