//! Looking after letters: lists, folders, who looked at what, letters with a layout.

use siegel_proto::postbox::v1 as pb;

use super::services::LETTER;
use super::world::World;

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/postbox").await;
    world
}

fn path(rest: &str) -> String {
    format!("/postbox/{LETTER}{rest}")
}

#[tokio::test]
async fn every_filter_is_a_link_that_asks_for_exactly_its_letters() {
    let mut world = signed_in().await;
    let page = world.browser.get("/postbox").await;
    for show in ["unread", "important", "due", "archive", "trash"] {
        let link = format!("href=\"/postbox?show={show}\"");
        assert!(page.body.contains(&link), "{link} is missing");
        let shown = world.browser.get(&format!("/postbox?show={show}")).await;
        assert_eq!(shown.status, 200, "{show}");
        assert!(shown.body.contains("aria-current=\"page\""), "{show} is not marked");
        assert!(shown.body.contains(&format!("/postbox?show={show}&#38;page=more")), "{show}");
    }
    let listed = world.services.listed.lock().unwrap();
    let asked: Vec<_> = listed
        .iter()
        .map(|r| (r.unread_only, r.important_only, r.due_until.as_str(), r.folder()))
        .collect();
    let inbox = pb::Folder::Inbox;
    let wanted = [
        (false, false, "", inbox),
        (true, false, "", inbox),
        (false, true, "", inbox),
        (false, false, "9999-12-31", inbox),
        (false, false, "", pb::Folder::Archive),
        (false, false, "", pb::Folder::Trash),
    ];
    assert_eq!(asked, wanted);
}

#[tokio::test]
async fn a_letter_is_filed_thrown_away_and_brought_back_by_forms_with_a_token() {
    let mut world = signed_in().await;
    let page = world.browser.get(&path("")).await;
    assert!(page.body.contains("hat keine rechtliche Wirkung: Fristen"), "{}", page.body);
    for to in ["archive", "trash", "inbox"] {
        let page = world.browser.post(&path("/move"), &[("to", to)]).await;
        assert_eq!((page.status, page.location.as_deref()), (303, Some("/postbox")), "{to}");
        world.browser.get(&path("")).await;
    }
    assert_eq!(*world.services.moved.lock().unwrap(), ["archive", "trash", "inbox"]);
    assert_eq!(*world.services.opened.lock().unwrap(), 0, "and nothing was opened");
    assert!(world.browser.post(&path("/move"), &[("to", "elsewhere")]).await.status >= 400);
    world.browser.token = "forged".into();
    assert_eq!(world.browser.post(&path("/move"), &[("to", "trash")]).await.status, 403);
    assert_eq!(world.services.moved.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_letter_is_moved_only_to_where_it_does_not_lie() {
    let mut world = signed_in().await;
    for (folder, offered) in [
        (pb::Folder::Inbox, ["archive", "trash"].as_slice()),
        (pb::Folder::Archive, &["inbox", "trash"]),
        (pb::Folder::Trash, &["inbox"]),
    ] {
        *world.services.folder.lock().unwrap() = folder;
        let page = world.browser.get(&path("")).await;
        for to in ["archive", "trash", "inbox"] {
            let button = page.body.contains(&format!("name=\"to\" value=\"{to}\""));
            assert_eq!(button, offered.contains(&to), "{folder:?} to {to}");
        }
    }
}

#[tokio::test]
async fn who_looked_at_a_letter_or_the_postbox_is_listed_without_a_name() {
    let mut world = signed_in().await;
    assert!(world.browser.get(&path("")).await.body.contains(&path("/accesses")));
    assert!(world.browser.get("/postbox").await.body.contains("href=\"/postbox/accesses\""));
    for way in [path("/accesses"), "/postbox/accesses".to_owned()] {
        let page = world.browser.get(&way).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let texts = [
            "Teil eines Anhangs heruntergeladen",
            "Brief geöffnet (abgelehnt)",
            "per_&#60;b&#62;",
            "siegel-portal",
            "substanziell",
            "<td class=\"kern-table__cell\">Sie</td>",
        ];
        for text in texts {
            assert!(page.body.contains(text), "{text} is missing on {way}: {}", page.body);
        }
        assert!(page.body.contains(&format!("href=\"{way}?page=older\"")), "{}", page.body);
    }
    let all = world.browser.get("/postbox/accesses").await;
    assert!(all.body.contains(&format!("href=\"{}\"", path(""))), "each names its letter");
    assert_eq!(*world.services.opened.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_letter_with_a_layout_is_shown_so_with_its_plain_text_one_click_away() {
    let mut world = signed_in().await;
    let html = "<p>Ihr <strong>Bescheid</strong>: <a href=\"https://amt.example/x\">hier</a></p>";
    html.clone_into(&mut world.services.html.lock().unwrap());
    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    let page = world.browser.get(&path("/read")).await;
    assert!(page.body.contains("Ihr <strong>Bescheid</strong>"), "{}", page.body);
    assert!(page.body.contains("href=\"https://amt.example/x\" rel=\"noopener noreferrer\""));
    assert!(page.body.contains("Nur Text"));
    assert!(page.body.contains("Guten Tag &#60;script&#62;alert(1)"), "the plain text is there");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    for part in ["script-src", "img-src"] {
        let found = policy.split(';').find(|directive| directive.trim().starts_with(part));
        assert!(found.is_none_or(|d| !d.contains("http") && !d.contains('*')), "{policy}");
    }
}

#[tokio::test]
async fn a_layout_that_nobody_may_send_leaves_the_plain_text() {
    let mut world = signed_in().await;
    for html in ["<img src=\"https://a.example/x.png\">", "<script>alert(1)</script>", "<p>a"] {
        html.clone_into(&mut world.services.html.lock().unwrap());
        world.browser.get(&path("")).await;
        world.browser.post(&path("/open"), &[]).await;
        let page = world.browser.get(&path("/read")).await;
        assert!(!page.body.contains(html) && !page.body.contains("Nur Text"), "{html}");
        assert!(page.body.contains("Guten Tag &#60;script&#62;alert(1)"));
    }
}

#[tokio::test]
async fn the_letter_lists_what_was_answered_with_each_confirmation_of_receipt() {
    let mut world = signed_in().await;
    let reply = pb::letter_action::Action::Reply(pb::ReplyAction::default());
    *world.services.actions.lock().unwrap() = vec![pb::LetterAction { action: Some(reply) }];
    world.browser.get(&path("")).await;
    world.browser.post(&path("/open"), &[]).await;
    let page = world.browser.get(&path("/read")).await;
    assert!(!page.body.contains("Ihre Antworten"), "there is none yet");
    world.browser.get(&path("/reply")).await;
    let fields = [("nonce", "n"), ("text", "Ja")];
    world.browser.post_files(&path("/reply"), &fields, ("files", &[])).await;
    let page = world.browser.get(&path("/read")).await;
    assert!(page.body.contains("Ihre Antworten"), "{}", page.body);
    assert!(page.body.contains(&path("/replies/rcp_1")), "{}", page.body);
}
