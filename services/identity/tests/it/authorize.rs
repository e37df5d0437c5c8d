//! The authorization endpoint: who may ask for what, and how the answer travels.

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::app::authorize::{CompleteError, complete};
use siegel_identity::store::interactions;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{Answer, CALLBACK, ORIGIN, World, cookie, encoded, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_bad_redirect_uri_or_client_gets_an_error_page_and_never_a_redirect,
    a_good_request_leads_to_the_pages_by_get_and_by_post,
    a_parameter_sent_twice_is_refused_and_an_unknown_one_is_ignored,
    errors_carry_state_and_issuer,
    a_request_without_pkce_or_with_plain_is_refused,
    what_is_not_supported_is_said_in_its_own_word,
    a_resource_must_be_an_audience_of_the_client,
    the_level_demanded_is_the_highest_of_client_and_request,
    prompt_none_never_shows_a_page,
    a_hint_of_somebody_else_is_not_answered_silently,
    another_origin_cannot_read_the_authorization_endpoint,
    a_request_is_answered_once,
    the_level_cannot_be_skipped,
    a_form_post_answer_carries_the_same_fields,
}

async fn a_bad_redirect_uri_or_client_gets_an_error_page_and_never_a_redirect(db: Db) {
    let world = World::new(db).await;
    let refused = |answer: Answer| {
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        assert_eq!(answer.header("location"), "");
    };
    for uri in [
        "https://portal.example/cb/",
        "https://portal.example/CB",
        "https://portal.example/cb?x=1",
        "https://portal.example/cb%2f",
        "https://portal.example:443/cb",
        "https://evil.example/cb",
        "https://portal.example@evil.example/cb",
        "https://portal.example@a@evil.example/cb",
        "https://portal.example/cb#code",
        "",
    ] {
        refused(world.authorize([("redirect_uri", uri)]).await);
    }
    refused(world.authorize([("client_id", "nobody")]).await);
    refused(world.authorize([("client_id", "")]).await);
    let twice = format!("{}&redirect_uri={CALLBACK}", encoded(&request([])));
    refused(world.get(&format!("/authorize?{twice}")).await);
    let native = [("client_id", "app"), ("redirect_uri", "http://localhost:4711/cb")];
    refused(world.authorize(native).await);
}

async fn a_good_request_leads_to_the_pages_by_get_and_by_post(db: Db) {
    let world = World::new(db).await;
    let form = encoded(&request([]));
    let by_post = world.post("/authorize", &form, &[("origin", "https://portal.example")]).await;
    for answer in [world.authorize([]).await, by_post] {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let location = answer.header("location");
        assert!(location.starts_with("/login/int_"), "{location}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    let native =
        [("client_id", "app"), ("redirect_uri", "http://127.0.0.1:4711/cb"), ("scope", "openid")];
    assert_eq!(world.authorize(native).await.status, StatusCode::SEE_OTHER);
}

async fn a_parameter_sent_twice_is_refused_and_an_unknown_one_is_ignored(db: Db) {
    let world = World::new(db).await;
    let good = encoded(&request([]));
    let ask = async |extra: &str| world.get(&format!("/authorize?{good}&{extra}")).await;
    let twice = ask("nonce=again").await.location();
    assert_eq!(twice.get("error").unwrap(), "invalid_request");
    assert!(ask("unheard_of=1").await.header("location").starts_with("/login/"));
    let resources = "resource=urn:siegel:postbox&resource=urn:siegel:account";
    assert!(ask(resources).await.header("location").starts_with("/login/"));
    let state = "state=again";
    assert_eq!(ask(state).await.location().get("error").unwrap(), "invalid_request");
}

async fn errors_carry_state_and_issuer(db: Db) {
    let world = World::new(db).await;
    let answer = world.authorize([("response_type", "token")]).await;
    assert!(answer.header("location").starts_with(CALLBACK));
    let told = answer.location();
    assert_eq!(told.get("error").unwrap(), "unsupported_response_type");
    assert_eq!(told.get("state").unwrap(), "s t/ä");
    assert_eq!(told.get("iss").unwrap(), ORIGIN);
    let code = world.granted(&request([]), &world.session(TrustLevel::Basic).await).await;
    assert_eq!(code.get("state").unwrap(), "s t/ä");
    assert_eq!(code.get("iss").unwrap(), ORIGIN);
}

async fn a_request_without_pkce_or_with_plain_is_refused(db: Db) {
    let world = World::new(db).await;
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge_method", "plain"), ("display", "page")],
        [("code_challenge_method", ""), ("display", "page")],
        [("code_challenge", "too-short"), ("display", "page")],
    ] {
        let told = world.authorize(changes).await.location();
        assert_eq!(told.get("error").map(String::as_str), Some("invalid_request"), "{changes:?}");
    }
}

async fn what_is_not_supported_is_said_in_its_own_word(db: Db) {
    let world = World::new(db).await;
    for (change, word) in [
        (("request", "eyJ"), "invalid_request_object"),
        (("request_uri", "https://portal.example/r"), "request_uri_not_supported"),
        (("registration", "{}"), "registration_not_supported"),
        (("response_mode", "fragment"), "invalid_request"),
        (("scope", "unheard_of"), "invalid_scope"),
        (("prompt", "none login"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
        (("claims", "[]"), "invalid_request"),
        (
            ("claims", r#"{"id_token":{"acr":{"essential":true,"value":"gold"}}}"#),
            "unmet_authentication_requirements",
        ),
    ] {
        let told = world.authorize([change]).await.location();
        assert_eq!(told.get("error").map(String::as_str), Some(word), "{change:?}");
    }
}

async fn a_resource_must_be_an_audience_of_the_client(db: Db) {
    let world = World::new(db).await;
    for bad in ["postbox", "urn:siegel:eid", "urn:siegel:postbox#x", "https://evil.example/"] {
        let told = world.authorize([("resource", bad)]).await.location();
        assert_eq!(told.get("error").map(String::as_str), Some("invalid_target"), "{bad}");
    }
}

async fn the_level_demanded_is_the_highest_of_client_and_request(db: Db) {
    let world = World::new(db).await;
    let claims = r#"{"id_token":{"acr":{"essential":true,"values":["level4"]}}}"#;
    for (change, floor) in [
        (("acr_values", ""), TrustLevel::Basic),
        (("acr_values", "STORK-QAA-Level-3 high"), TrustLevel::Substantial),
        (("acr_values", "gold"), TrustLevel::Basic),
        (("claims", claims), TrustLevel::High),
    ] {
        let answer = world.authorize([change]).await;
        let id = answer.header("location").strip_prefix("/login/").unwrap().parse().unwrap();
        let mut tx = world.state.outside.db.read().await.unwrap();
        let found = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
        assert_eq!(found.request.floor, floor, "{change:?}");
    }
}

async fn prompt_none_never_shows_a_page(db: Db) {
    let world = World::new(db).await;
    let told = world.authorize([("prompt", "none")]).await.location();
    assert_eq!(told.get("error").unwrap(), "login_required");
    assert_eq!(told.get("state").unwrap(), "s t/ä");

    let session = world.session(TrustLevel::Basic).await;
    let with_cookie = async |extra: [(&str, &str); 2]| {
        let query = encoded(&request(extra));
        let request = http::Request::get(format!("/authorize?{query}"))
            .header("cookie", format!("siegel_session={}", cookie(session.id)));
        let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        answer.location()
    };
    let silent = with_cookie([("prompt", "none"), ("display", "page")]).await;
    assert!(silent.contains_key("code"), "{silent:?}");
    let high = with_cookie([("prompt", "none"), ("acr_values", "high")]).await;
    assert_eq!(high.get("error").unwrap(), "interaction_required");
    let api = with_cookie([("prompt", "none"), ("scope", "openid account.read")]).await;
    assert_eq!(api.get("error").unwrap(), "consent_required");
}

async fn a_hint_of_somebody_else_is_not_answered_silently(db: Db) {
    let world = World::new(db).await;
    let (ada, bob) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    let code = world.code([], &ada).await;
    let hint = world.token("portal", redemption(&code)).await.text("id_token");
    let ask = async |session: &str| {
        let query = encoded(&request([("prompt", "none"), ("id_token_hint", &hint)]));
        let request = http::Request::get(format!("/authorize?{query}"))
            .header("cookie", format!("siegel_session={session}"));
        world.send(request.body(axum::body::Body::empty()).unwrap()).await.location()
    };
    assert!(ask(&cookie(ada.id)).await.contains_key("code"));
    assert_eq!(ask(&cookie(bob.id)).await.get("error").unwrap(), "login_required");
}

async fn another_origin_cannot_read_the_authorization_endpoint(db: Db) {
    let world = World::new(db).await;
    let request = http::Request::get(format!("/authorize?{}", encoded(&request([]))))
        .header("origin", "https://evil.example");
    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let token = world.post("/token", "", &[("origin", "https://app.example")]).await;
    assert_eq!(token.header("access-control-allow-origin"), "*");
}

async fn a_request_is_answered_once(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let answer = world.authorize([]).await;
    let id = answer.header("location").strip_prefix("/login/").unwrap().parse().unwrap();
    let mut tx = world.state.outside.db.read().await.unwrap();
    let found = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
    drop(tx);
    assert!(complete(&world.state, &found, &session).await.is_ok());
    let again = complete(&world.state, &found, &session).await;
    assert!(matches!(again, Err(CompleteError::AlreadyAnswered)));
}

async fn the_level_cannot_be_skipped(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let answer = world.authorize([("acr_values", "high")]).await;
    let id = answer.header("location").strip_prefix("/login/").unwrap().parse().unwrap();
    let mut tx = world.state.outside.db.read().await.unwrap();
    let found = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
    drop(tx);
    let refused = complete(&world.state, &found, &session).await;
    assert!(matches!(refused, Err(CompleteError::NotEnough)));
}

async fn a_form_post_answer_carries_the_same_fields(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let request = request([("response_mode", "form_post")]);
    let told = world.granted(&request, &session).await;
    let names: Vec<_> = told.keys().map(String::as_str).collect();
    assert_eq!(names, ["code", "iss", "state"]);
    let page = world
        .authorize([("response_mode", "form_post"), ("response_type", "x"), ("state", "\"><b>")])
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(&format!("action=\"{CALLBACK}\"")), "{}", page.body);
    assert!(!page.body.contains("\"><b>"), "values are escaped");
    assert!(page.body.contains("id=\"submit\""), "a button for those without script");
    assert!(page.body.contains("<script src=\"/assets/auto-submit.js\" defer>"), "{}", page.body);
    assert!(!page.body.contains("onload"), "and nothing inline");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://portal.example;"), "{policy}");
}
