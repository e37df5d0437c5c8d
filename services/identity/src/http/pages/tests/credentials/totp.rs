use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{CALLBACK, Card, House};
use super::{ERIKA, HOME, at_step_up, code_of, level, with_app};

on_each_backend! { &crate::MIGRATIONS =>
    a_code_raises_the_session_to_low,
    an_enrolment_that_was_not_finished_counts_nowhere,
    a_code_is_accepted_once_here_and_at_every_replica,
    five_wrong_codes_over_two_sessions_and_replicas_block_the_right_one,
    parallel_guesses_all_count,
    a_code_without_a_password_is_worth_nothing,
    the_next_step_cannot_be_called_before_the_password,
    the_key_is_not_readable_in_the_database,
    a_picture_of_the_key_is_shown_only_while_it_is_added,
    who_only_knows_the_password_binds_no_card_of_his_own,
}

async fn a_code_raises_the_session_to_low(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut browser).await;
    house.delivers().await;
    assert_eq!(house.siblings.notices.lock().unwrap().len(), 1, "the change is mailed");

    let (mut other, id) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let offer = other.get(&format!("/login/{id}/step-up")).await;
    assert!(offer.body.contains(&format!("/login/{id}/totp")), "{}", offer.body);
    other.get(&format!("/login/{id}/totp")).await;
    let code = app.code(house.state.now());
    let page = other.post(&format!("/login/{id}/totp"), &[("code", &code)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(level(&house, &other).await, Some(TrustLevel::Low));
    let done = other.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn an_enrolment_that_was_not_finished_counts_nowhere(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    browser.get(HOME).await;
    browser.post("/login/credentials/totp", &[]).await;
    let page = browser.get("/login/credentials/totp").await;
    let code = code_of(&house, &page);

    let (mut other, id) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let offer = other.get(&format!("/login/{id}/step-up")).await;
    assert!(!offer.body.contains(&format!("/login/{id}/totp")));
    other.get(&format!("/login/{id}/totp")).await;
    other.post(&format!("/login/{id}/totp"), &[("code", &code)]).await;
    assert_eq!(level(&house, &other).await, Some(TrustLevel::Basic));
    house.clock.advance(Duration::from_mins(16));
    let late = browser.post("/login/credentials/totp/confirm", &[("code", &code)]).await;
    assert_eq!(late.status, StatusCode::GONE, "a quarter of an hour is enough");
}

async fn a_code_is_accepted_once_here_and_at_every_replica(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    let mut browser = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut browser).await;
    let (mut one, first) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let (two, second) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let mut two = two.at(&replica);
    let code = app.code(house.state.now());
    let (mine, theirs) = (format!("/login/{first}/totp"), format!("/login/{second}/totp"));
    let code = [("code", code.as_str())];
    let (a, b) = tokio::join!(one.post(&mine, &code), two.post(&theirs, &code));
    let accepted = [a, b].iter().filter(|p| p.status == StatusCode::SEE_OTHER).count();
    assert_eq!(accepted, 1, "of two uses at once one counts");
    house.clock.advance(Duration::from_secs(25));
    let again = two.post(&theirs, &code).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "nor is it within its step");
}

async fn five_wrong_codes_over_two_sessions_and_replicas_block_the_right_one(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    let mut browser = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut browser).await;
    let (mut one, first) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let (two, second) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let mut two = two.at(&replica);
    let (mine, theirs) = (format!("/login/{first}/totp"), format!("/login/{second}/totp"));
    for _ in 0..3 {
        assert_eq!(one.post(&mine, &[("code", "1")]).await.status.as_u16(), 422);
    }
    for _ in 0..2 {
        assert_eq!(two.post(&theirs, &[("code", "1")]).await.status.as_u16(), 422);
    }
    let code = app.code(house.state.now());
    let blocked = one.post(&mine, &[("code", &code)]).await;
    assert_eq!(blocked.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(level(&house, &one).await, Some(TrustLevel::Basic));
    house.clock.advance(Duration::from_mins(1));
    let code = app.code(house.state.now());
    let page = two.post(&theirs, &[("code", &code)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

async fn parallel_guesses_all_count(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    with_app(&house, &mut browser).await;
    let (guesser, id) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let path = format!("/login/{id}/totp");
    let guesses = (0..8).map(|_| {
        let (mut guesser, path) = (guesser.clone(), path.clone());
        async move { guesser.post(&path, &[("code", "000000")]).await.status.as_u16() }
    });
    let mut looked_at = 0;
    for status in futures(guesses).await {
        looked_at += u32::from(status == 422);
    }
    assert_eq!(looked_at, 5, "the others were not looked at");
}

/// All at once.
async fn futures<F: Future<Output = u16>>(all: impl Iterator<Item = F>) -> Vec<u16> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|cx| {
        all.retain_mut(|f| match f.as_mut().poll(cx) {
            std::task::Poll::Ready(status) => {
                done.push(status);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

async fn a_code_without_a_password_is_worth_nothing(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut browser).await;
    browser.get(HOME).await;
    let made = browser.post("/login/credentials/recovery", &[]).await;
    // The page of the codes asked for no level: the session's is low by then.
    let code = made.body.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let id = house.asks(TrustLevel::Low).await;
    let mut finder = house.browser();
    finder.get(&format!("/login/{id}")).await;
    let fields = [("email", ERIKA), ("code", code)];
    finder.post(&format!("/login/{id}/recovery"), &fields).await;
    assert_eq!(level(&house, &finder).await, Some(TrustLevel::Basic));
    let one_time = app.code(house.state.now());
    let page = finder.post(&format!("/login/{id}/totp"), &[("code", &one_time)]).await;
    assert_eq!(page.location, format!("/login/{id}"));
    assert_eq!(level(&house, &finder).await, Some(TrustLevel::Basic));
    assert!(house.audit().await.iter().any(|(_, why)| why == "SECOND_FACTOR_ALONE"));
}

async fn the_next_step_cannot_be_called_before_the_password(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut browser).await;
    let id = house.asks(TrustLevel::Low).await;
    let mut stranger = house.browser();
    stranger.get(&format!("/login/{id}")).await;
    let code = app.code(house.state.now());
    let page = stranger.post(&format!("/login/{id}/totp"), &[("code", &code)]).await;
    assert_eq!(page.location, format!("/login/{id}"));
    assert_eq!(level(&house, &stranger).await, None);
}

async fn the_key_is_not_readable_in_the_database(db: Db) {
    const SQL: &str = "SELECT sealed FROM credentials WHERE kind = 'totp'";
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    browser.get(HOME).await;
    browser.post("/login/credentials/totp", &[]).await;
    let page = browser.get("/login/credentials/totp").await;
    let (_, rest) = page.body.split_once("<code>").unwrap();
    let key = rest.split_once("</code>").unwrap().0.to_owned();
    let mut tx = house.state.outside.db.read().await.unwrap();
    let sealed: Vec<u8> =
        siegel_db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap());
    assert_eq!(sealed.len(), 12 + 20 + 16, "nonce, key and tag");
    let secret = house.state.people.keys.open_secret("crd_other", &sealed);
    assert!(secret.is_err(), "it opens only as its own credential's: {key}");
}

async fn a_picture_of_the_key_is_shown_only_while_it_is_added(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    browser.get(HOME).await;
    browser.post("/login/credentials/totp", &[]).await;
    let picture = browser.get("/login/credentials/totp/qr.svg").await;
    assert_eq!(picture.headers.get("content-type").unwrap(), "image/svg+xml");
    assert_eq!(picture.headers.get("cache-control").unwrap(), "no-store");
    assert!(picture.body.contains("<svg"));
    let page = browser.get("/login/credentials/totp").await;
    let code = code_of(&house, &page);
    browser.post("/login/credentials/totp/confirm", &[("code", &code)]).await;
    let over = browser.get("/login/credentials/totp/qr.svg").await;
    assert_eq!(over.status, StatusCode::NOT_FOUND);
}

async fn who_only_knows_the_password_binds_no_card_of_his_own(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut browser).await;
    let (mut thief, id) = at_step_up(&house, ERIKA, TrustLevel::High).await;
    house.shows_card(Card::of("dkk-thief", "Diebin"));
    let page = thief.identifies(id, "/step-up").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert_eq!(level(&house, &thief).await, Some(TrustLevel::Basic));

    let (mut owner, id) = at_step_up(&house, ERIKA, TrustLevel::High).await;
    let code = app.code(house.state.now());
    owner.get(&format!("/login/{id}/totp")).await;
    owner.post(&format!("/login/{id}/totp"), &[("code", &code)]).await;
    owner.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(Card::of("dkk-erika", "Mustermann"));
    let page = owner.identifies(id, "/step-up").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(level(&house, &owner).await, Some(TrustLevel::High));
}
