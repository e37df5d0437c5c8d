//! Tokens of organisations' programs (`client_credentials` with `private_key_jwt`).

use http::StatusCode;
use serde_json::Value;
use siegel_crypto::SigningKey;
use siegel_db::Db;
use siegel_identity::app::acting::follow;
use siegel_kernel::{OrganisationId, TrustLevel};
use siegel_oidc::assertion;
use siegel_proto::identity::v1 as wire;
use siegel_proto::identity::v1::sibling_service_server::SiblingService as _;
use siegel_proto::organisation::v1::AccessChange;
use siegel_testkit::on_each_backend;

use crate::changed::SECRET;
use crate::world::{Answer, Fields, ORIGIN, World, encoded, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_program_gets_a_short_token_that_acts_for_its_organisation,
    a_program_gets_neither_refresh_nor_id_token_nor_any_scope_of_persons,
    a_program_gets_what_its_organisation_allows_and_nothing_else,
    the_token_of_a_program_is_bound_to_a_key,
    whoever_has_not_the_key_cannot_tell_whether_there_is_the_program,
    an_assertion_of_a_program_holds_for_the_issuer_once_and_briefly,
    a_key_of_another_algorithm_proves_no_program,
    a_revoked_program_gets_no_token,
    a_revoked_program_loses_the_tokens_it_has_within_a_second,
    a_program_that_is_revoked_meanwhile_gets_nothing_that_lives_on,
    the_end_of_one_program_leaves_another_its_token,
    a_program_uses_no_other_grant_and_starts_no_log_in,
    a_program_revokes_its_own_token,
    no_program_gets_a_token_while_its_organisation_cannot_be_asked,
    services_learn_which_program_and_organisation_stand_behind_a_grant,
    what_programs_get_and_are_refused_is_in_the_audit_trail,
    discovery_says_how_programs_come_to_tokens,
}

const UNPROVEN: &str = "the client is unknown or did not prove who it is";

pub struct Program {
    id: String,
    organisation: OrganisationId,
    key: SigningKey,
}

impl Program {
    pub fn registered(world: &World, n: u8) -> Self {
        let key = SigningKey::generate().unwrap();
        let id = format!("sys_{n:032x}");
        let organisation = crate::acting::organisation(world);
        let jwk = serde_json::to_string(key.public_jwk()).unwrap();
        world.account.parties.registers(&id, organisation, jwk);
        Self { id, organisation, key }
    }

    pub fn assertion(&self, world: &World) -> Fields {
        signed(world, &self.key, &self.id, ORIGIN)
    }

    /// `/token` with a DPoP proof.
    async fn asks(&self, world: &World, more: &[(&str, &str)]) -> Answer {
        let mut form = wish(more);
        form.extend(self.assertion(world));
        bound(world, &form).await
    }

    async fn token(&self, world: &World) -> String {
        let answer = self.asks(world, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.text("access_token")
    }
}

fn signed(world: &World, key: &SigningKey, id: &str, audience: &str) -> Fields {
    let text = assertion::make(key, id, audience, world.fresh(), world.now()).unwrap();
    fields([("client_assertion_type", assertion::TYPE), ("client_assertion", &text)])
}

pub fn wish(more: &[(&str, &str)]) -> Fields {
    let mut form = fields([("grant_type", "client_credentials")]);
    form.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    form
}

async fn bound(world: &World, form: &Fields) -> Answer {
    let proof = world.proof("POST", "/token", None);
    world.post("/token", &encoded(form), &[("dpop", &proof)]).await
}

/// What a resource server for postbox learns about a token.
async fn introspected(world: &World, token: &str) -> Value {
    world.post_basic("/introspect", "api", SECRET, &fields([("token", token)])).await.json()
}

async fn world(db: Db) -> World {
    let world = World::new(db).await;
    world
        .with_secret("api", siegel_identity::domain::client::AuthMethod::ClientSecretBasic, |c| {
            c.introspects = vec!["urn:siegel:postbox".to_owned()];
        })
        .await;
    world
}

async fn a_program_gets_a_short_token_that_acts_for_its_organisation(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let token = program.token(&world).await;
    let claims = world.claims(&token, "at+jwt");
    assert_eq!((&claims["sub"], &claims["client_id"]), (&claims["client_id"], &claims["sub"]));
    assert_eq!(claims["sub"], program.id);
    assert_eq!(
        (&claims["kind"], &claims["aud"]),
        (&"program".into(), &"urn:siegel:postbox".into())
    );
    assert_eq!(claims["scope"], "postbox.read");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(claims["acting_for"]["kind"], "organisation");
    let called = crate::acting::called(&world, &program.id, program.organisation);
    assert_eq!(claims["acting_for"]["sub"], called, "by a name made for the program");
    assert!(!claims.to_string().contains(&program.organisation.to_string()));
    for absent in ["sid", "acr", "auth_time", "trust_level", "tenant"] {
        assert!(claims.get(absent).is_none(), "{absent} is of persons and clients");
    }
    let facts = introspected(&world, &token).await;
    assert_eq!((&facts["active"], &facts["client_id"]), (&true.into(), &program.id.into()));
    assert_eq!(facts["acting_for"]["sub"], called);
}

async fn a_program_gets_neither_refresh_nor_id_token_nor_any_scope_of_persons(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let answer = program.asks(&world, &[("scope", "postbox.read")]).await;
    assert_eq!(answer.text("scope"), "postbox.read", "{}", answer.body);
    let members = answer.json();
    assert!(members.get("refresh_token").is_none() && members.get("id_token").is_none());
    for scope in [
        "openid",
        "postbox.read openid",
        "offline_access postbox.read",
        "profile",
        "postbox.deliver",
        "organisation.write",
        "unheard_of",
    ] {
        let answer = program.asks(&world, &[("scope", scope)]).await;
        assert_eq!(answer.error(), "invalid_scope", "{scope}");
    }
    for resource in ["urn:siegel:account", "urn:siegel:organisation", "urn:siegel:identity"] {
        let answer = program.asks(&world, &[("resource", resource)]).await;
        assert_eq!(answer.error(), "invalid_target", "{resource}");
    }
}

async fn a_program_gets_what_its_organisation_allows_and_nothing_else(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    world.account.parties.allowed.lock().unwrap().clear();
    for more in [[].as_slice(), &[("scope", "postbox.read")]] {
        assert_eq!(program.asks(&world, more).await.error(), "invalid_scope");
    }
    let asked = world.account.parties.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|q| q.organisation_id == program.organisation.to_string()));
    assert!(asked.iter().all(|q| q.system_user_id == program.id) && !asked.is_empty());
}

async fn the_token_of_a_program_is_bound_to_a_key(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let mut form = wish(&[]);
    form.extend(program.assertion(&world));
    let bearer = world.post("/token", &encoded(&form), &[]).await;
    assert_eq!(bearer.error(), "invalid_dpop_proof", "{}", bearer.body);
    let answer = program.asks(&world, &[]).await;
    assert_eq!(answer.text("token_type"), "DPoP");
    let claims = world.claims(&answer.text("access_token"), "at+jwt");
    assert_eq!(claims["cnf"]["jkt"], world.dpop_key.kid());
}

async fn whoever_has_not_the_key_cannot_tell_whether_there_is_the_program(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let stranger = SigningKey::generate().unwrap();
    let nobody = format!("sys_{:032x}", 9);
    let mut told = Vec::new();
    for id in [&program.id, &nobody] {
        for broken in ["", "x"] {
            let mut form = wish(&[]);
            form.extend(signed(&world, &stranger, id, ORIGIN));
            form.get_mut("client_assertion").unwrap().push_str(broken);
            let answer = bound(&world, &form).await;
            told.push((answer.status, answer.body.clone()));
        }
        for secret in [("client_id", id.as_str()), ("client_secret", SECRET)] {
            let form = wish(&[("client_id", id), secret]);
            let answer = bound(&world, &form).await;
            told.push((answer.status, answer.body.clone()));
        }
    }
    world.account.parties.revokes();
    told.push({
        let answer = program.asks(&world, &[]).await;
        (answer.status, answer.body.clone())
    });
    assert!(told[0].1.contains("invalid_client") && told[0].1.contains(UNPROVEN), "{told:?}");
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:#?}");
}

async fn an_assertion_of_a_program_holds_for_the_issuer_once_and_briefly(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let mut form = wish(&[]);
    form.extend(program.assertion(&world));
    assert_eq!(bound(&world, &form).await.status, StatusCode::OK);
    let replica = world.replica();
    assert_eq!(bound(&replica, &form).await.error(), "invalid_client", "a replay");
    for audience in [&format!("{ORIGIN}/token"), "https://other.example"] {
        let mut form = wish(&[]);
        form.extend(signed(&world, &program.key, &program.id, audience));
        assert_eq!(bound(&world, &form).await.error(), "invalid_client", "{audience}");
    }
    let mut form = wish(&[]);
    form.extend(program.assertion(&world));
    world.clock.advance(std::time::Duration::from_mins(2));
    assert_eq!(bound(&world, &form).await.error(), "invalid_client", "late");
    let other = Program::registered(&world, 2);
    let mut form = wish(&[("client_id", &other.id)]);
    form.extend(program.assertion(&world));
    assert_eq!(bound(&world, &form).await.error(), "invalid_client", "in another's name");
}

async fn a_key_of_another_algorithm_proves_no_program(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let forged = program.assertion(&world)["client_assertion"].clone();
    let (_, rest) = forged.split_once('.').unwrap();
    for alg in ["none", "HS256", "RS256"] {
        let header = siegel_crypto::b64::encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
        let mut form = wish(&[("client_assertion", &format!("{header}.{rest}"))]);
        form.insert("client_assertion_type".into(), assertion::TYPE.into());
        let answer = bound(&world, &form).await;
        assert_eq!(answer.error(), "invalid_client", "{alg}");
    }
}

async fn a_revoked_program_gets_no_token(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    program.token(&world).await;
    world.account.parties.revokes();
    // Nobody told this replica, and the other one never knew.
    for replica in [&world, &world.replica()] {
        let answer = program.asks(replica, &[]).await;
        assert_eq!(answer.error(), "invalid_client", "{}", answer.body);
    }
}

async fn a_revoked_program_loses_the_tokens_it_has_within_a_second(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let token = program.token(&world).await;
    let state = world.state.clone();
    let task = tokio::spawn(async move { follow::run(state).await });
    while world.account.parties.followers() == 0 {
        tokio::task::yield_now().await;
    }
    world.account.parties.revokes();
    let started = std::time::Instant::now();
    let organisation_id = program.organisation.to_string();
    let kind = "organisation.system_user.ended".to_owned();
    let change = AccessChange { kind, organisation_id, ..AccessChange::default() };
    world.account.parties.tells(change).await;
    while introspected(&world, &token).await["active"] == true {
        assert!(started.elapsed().as_secs() < 1, "too late");
        tokio::task::yield_now().await;
    }
    task.abort();
    let revoked = ("identity.grant.revoked".to_owned(), "done".to_owned());
    assert!(world.audited().await.contains(&revoked));
}

async fn a_program_that_is_revoked_meanwhile_gets_nothing_that_lives_on(db: Db) {
    const LIVING: &str = "SELECT COUNT(*) FROM grants WHERE revoked_at_us IS NULL";
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    // The answer before its grant is written still allows it; the next one does not.
    *world.account.parties.ends_after.lock().unwrap() = Some(1);
    let answer = program.asks(&world, &[]).await;
    assert_eq!(answer.error(), "invalid_client", "{}", answer.body);
    let mut tx = world.state.outside.db.read().await.unwrap();
    let living: i64 =
        siegel_db::on!(&mut tx, c => sqlx::query_scalar(LIVING).fetch_one(c).await.unwrap());
    assert_eq!(living, 0);
}

async fn the_end_of_one_program_leaves_another_its_token(db: Db) {
    let world = world(db).await;
    let (one, other) = (Program::registered(&world, 1), Program::registered(&world, 2));
    let (ends, stays) = (one.token(&world).await, other.token(&world).await);
    let erika = crate::acting::owner(&world, TrustLevel::Basic).await.0;
    let code = world.code([], &erika).await;
    let person = world.token("portal", redemption(&code)).await;
    world.account.parties.programs.lock().unwrap().remove(&one.id);
    // A change that concerns anybody asks about everybody.
    follow::changed(&world.state, &AccessChange::default()).await.unwrap();
    assert_eq!(introspected(&world, &ends).await["active"], false);
    assert_eq!(introspected(&world, &stays).await["active"], true);
    assert_eq!(crate::acting::introspected(&world, &person).await["active"], true);
}

async fn a_program_uses_no_other_grant_and_starts_no_log_in(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    for grant in
        ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"]
    {
        let answer = program.asks(&world, &[("grant_type", grant)]).await;
        assert_eq!(answer.error(), "unauthorized_client", "{grant}");
    }
    let mut form = crate::world::request([("client_id", program.id.as_str())]);
    form.extend(program.assertion(&world));
    let pushed = world.post("/par", &encoded(&form), &[]).await;
    assert_eq!(pushed.status, StatusCode::BAD_REQUEST, "{}", pushed.body);
    let page = world.authorize([("client_id", program.id.as_str())]).await;
    assert!(page.status.is_client_error(), "{}", page.status);
    let token = program.token(&world).await;
    let request = http::Request::get("/userinfo").header("authorization", format!("DPoP {token}"));
    let proof = world.proof("GET", "/userinfo", Some(&token));
    let request = request.header("dpop", proof).body(axum::body::Body::empty()).unwrap();
    assert_ne!(world.send(request).await.status, StatusCode::OK);
}

async fn a_program_revokes_its_own_token(db: Db) {
    let world = world(db).await;
    let (one, other) = (Program::registered(&world, 1), Program::registered(&world, 2));
    let token = one.token(&world).await;
    for (program, active) in [(&other, true), (&one, false)] {
        let mut form = fields([("token", &token)]);
        form.extend(program.assertion(&world));
        let answer = world.post("/revoke", &encoded(&form), &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(introspected(&world, &token).await["active"], active);
    }
}

async fn no_program_gets_a_token_while_its_organisation_cannot_be_asked(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    *world.account.parties.down.lock().unwrap() = true;
    let known = program.asks(&world, &[]).await;
    assert_eq!(known.error(), "temporarily_unavailable", "{}", known.body);
    let nobody = Program { id: format!("sys_{:032x}", 9), ..program };
    let unknown = nobody.asks(&world, &[]).await;
    assert_eq!((unknown.status, unknown.body), (known.status, known.body));
}

async fn services_learn_which_program_and_organisation_stand_behind_a_grant(db: Db) {
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    let token = program.token(&world).await;
    let grant_id = world.claims(&token, "at+jwt")["gid"].as_str().unwrap().to_owned();
    let siblings = siegel_identity::grpc::sibling_service::Siblings(world.state.clone());
    let resolve = async || {
        let grant_id = grant_id.clone();
        let request = tonic::Request::new(wire::ResolveGrantRequest { grant_id });
        siblings.resolve_grant(request).await.map(tonic::Response::into_inner)
    };
    let told = resolve().await.unwrap();
    assert_eq!((told.account_id.as_str(), told.system_user_id), ("", program.id));
    let organisation = told.acting_for.unwrap().organisation_id;
    assert_eq!(organisation, program.organisation.to_string());
    world.clock.advance(std::time::Duration::from_mins(5));
    assert!(resolve().await.is_err(), "with its token the grant is over");
}

async fn what_programs_get_and_are_refused_is_in_the_audit_trail(db: Db) {
    const SQL: &str = "SELECT kind, actor, subject, outcome, detail FROM audit ORDER BY id";
    let world = world(db).await;
    let program = Program::registered(&world, 1);
    program.token(&world).await;
    program.asks(&world, &[("scope", "openid")]).await;
    let mut tx = world.state.outside.db.read().await.unwrap();
    let lines: Vec<(String, String, String, String, String)> =
        siegel_db::on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await.unwrap());
    let issued = lines.iter().find(|line| line.0 == "identity.token.issued").unwrap();
    assert_eq!(issued.1, format!("program:{}", program.id));
    assert_eq!(issued.2, program.organisation.to_string());
    assert_eq!((issued.3.as_str(), issued.4.as_str()), ("done", "client_credentials"));
    let refused = lines.iter().find(|line| line.0 == "identity.token.refused").unwrap();
    assert_eq!(refused.3, "invalid_scope");
}

async fn discovery_says_how_programs_come_to_tokens(db: Db) {
    let world = world(db).await;
    let told = world.get("/.well-known/openid-configuration").await.json();
    let lists = |member: &str, word: &str| {
        told[member].as_array().unwrap().iter().any(|value| value == word)
    };
    assert!(lists("grant_types_supported", "client_credentials"));
    assert!(lists("token_endpoint_auth_methods_supported", "private_key_jwt"));
    for alg in ["ES256", "PS256", "EdDSA"] {
        assert!(lists("token_endpoint_auth_signing_alg_values_supported", alg), "{alg}");
    }
}
