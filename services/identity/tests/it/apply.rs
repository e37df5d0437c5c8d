//! Files that set an installation up.

use std::sync::Arc;

use siegel_config::Profile;
use siegel_db::Db;
use siegel_identity::app::apply::{Order, apply};
use siegel_identity::app::approve_clients::{self, Approval};
use siegel_identity::app::login::{Attempt, Outcome, with_password};
use siegel_identity::app::manage_clients::{Became, ManageError, Operator};
use siegel_identity::app::{clients as registering, deliver_outbox, sessions};
use siegel_identity::config::ClientConfig;
use siegel_identity::domain::client::ManagedBy;
use siegel_identity::domain::email::EmailAddress;
use siegel_identity::seed::Document;
use siegel_identity::store::interactions;
use siegel_identity::store::{clients, tenants};
use siegel_identity::{Config, Identity};
use siegel_kernel::TrustLevel;
use siegel_proto::common::v1::AttributeSource;
use siegel_testkit::on_each_backend;

use crate::publisher::Publisher;
use crate::world::World;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    what_is_applied_twice_changes_nothing_the_second_time,
    clients_that_are_not_in_the_file_go_only_when_pruned,
    one_wrong_line_and_nothing_is_applied,
    a_client_of_the_settings_is_not_changed_by_a_file,
    a_client_that_moves_into_the_settings_is_audited,
    an_applied_client_logs_people_in,
    a_sector_vouches_for_all_redirect_uris,
    addresses_inside_cannot_be_registered,
    a_person_who_is_written_down_logs_in_at_the_level_of_the_file,
    attributes_follow_the_file,
    an_upstream_of_the_file_is_there_and_the_second_time_nothing_changes,
    production_takes_no_persons,
    four_eyes_let_no_operator_change_production_alone,
    the_examples_of_the_how_to_can_be_applied,
}

const CLIENT: &str = "[[clients]]\nclient_id = \"neu\"\nredirect_uris = [\"https://neu.example/cb\"]\nclient_secret = \"s3cret\"\n";
const PERSON: &str = "[[persons]]\nemail = \"Erika@example.org\"\npassword = \"passwort\"\nlevel = \"substantial\"\n";

fn operator(name: &str) -> Operator {
    Operator::new(name).unwrap()
}

async fn applied_by(
    name: &str,
    state: &Identity,
    text: &str,
    prune: bool,
) -> Result<Vec<String>, String> {
    let document = Document::from_toml("seed.toml", text.to_owned()).map_err(|e| e.to_string())?;
    let order = Order { by: operator(name), prune };
    let done = apply(state, &document, &order).await.map_err(|e| e.to_string())?;
    Ok(done.iter().map(|a| format!("{} {} {}", a.kind, a.name, a.became.as_str())).collect())
}

async fn applied(world: &World, text: &str) -> Result<Vec<String>, String> {
    applied_by("ada", &world.state, text, false).await
}

async fn ids(world: &World) -> Vec<String> {
    let mut tx = world.state.outside.db.read().await.unwrap();
    clients::ids_from(&mut tx, ManagedBy::Applied).await.unwrap()
}

async fn deliver(world: &World) {
    let handle = |job| deliver_outbox::handle(world.state.clone(), job);
    while world.state.outbox.step(&handle).await.unwrap() {}
}

async fn level_of(world: &World, password: &str) -> Option<TrustLevel> {
    let address = EmailAddress::parse("erika@EXAMPLE.org").unwrap();
    let location = world.authorize([]).await.header("location");
    let id = location.strip_prefix("/login/").unwrap().parse().unwrap();
    let mut tx = world.state.outside.db.read().await.unwrap();
    let interaction = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
    drop(tx);
    let attempt = Attempt {
        address: &address,
        password: password.into(),
        request: &interaction.request,
        again: false,
        presented: None,
        device: None,
    };
    let Outcome::In(logged_in) = with_password(&world.state, attempt).await.unwrap() else {
        return None;
    };
    let mut tx = world.state.outside.db.read().await.unwrap();
    let view = sessions::view(&mut tx, logged_in.session, world.now()).await.unwrap();
    view.map(|v| v.level)
}

async fn what_is_applied_twice_changes_nothing_the_second_time(db: Db) {
    let world = World::new(db).await;
    let text = format!("[[tenants]]\nid = \"dorf\"\nname = \"Dorf\"\n{CLIENT}{PERSON}");
    let lines = applied(&world, &text).await.unwrap();
    let expected =
        ["tenant dorf created", "client neu created", "person Erika@example.org created"];
    assert_eq!(lines, expected);
    let before = world.audited().await;
    for line in applied(&world, &text).await.unwrap() {
        assert!(line.ends_with(" unchanged"), "{line}");
    }
    assert_eq!(world.audited().await, before);
    let changed = text.replace("s3cret", "other").replace("Dorf\"", "Das Dorf\"");
    let lines = applied(&world, &changed.replace("passwort", "passwort-2")).await.unwrap();
    let expected =
        ["tenant dorf updated", "client neu updated", "person Erika@example.org updated"];
    assert_eq!(lines, expected);
    let mut tx = world.state.outside.db.read().await.unwrap();
    assert_eq!(tenants::get(&mut tx, "dorf").await.unwrap().name, "Das Dorf");
}

async fn clients_that_are_not_in_the_file_go_only_when_pruned(db: Db) {
    let world = World::new(db).await;
    applied(&world, CLIENT).await.unwrap();
    let other = CLIENT.replace("neu", "anders");
    assert_eq!(applied(&world, &other).await.unwrap(), ["client anders created"]);
    assert_eq!(ids(&world).await, ["anders", "neu"]);
    let lines = applied_by("ada", &world.state, &other, true).await.unwrap();
    assert_eq!(lines, ["client anders unchanged", "client neu removed"]);
    assert_eq!(ids(&world).await, ["anders"]);
    let mut tx = world.state.outside.db.read().await.unwrap();
    assert_eq!(clients::ids_from(&mut tx, ManagedBy::Settings).await.unwrap().len(), 4);
}

async fn one_wrong_line_and_nothing_is_applied(db: Db) {
    let world = World::new(db).await;
    let wrong = CLIENT.replace("neu", "b").replace("https://b.example", "http://b.example");
    let error = applied(&world, &format!("{CLIENT}{wrong}")).await.unwrap_err();
    assert!(error.starts_with("seed.toml:7: key clients[1].redirect_uris: "), "{error}");
    let twice = applied(&world, &format!("{CLIENT}{CLIENT}")).await.unwrap_err();
    assert!(twice.starts_with("seed.toml:6: key clients[1].client_id: "), "{twice}");
    let person = format!("{CLIENT}{PERSON}[persons.attributes]\nshoe_size = \"42\"\n");
    let error = applied(&world, &person).await.unwrap_err();
    assert!(error.starts_with("seed.toml:10: key persons[0].attributes.shoe_size: "), "{error}");
    let tenant = applied(&world, "[[tenants]]\nid = \"a b\"\n").await.unwrap_err();
    assert!(tenant.starts_with("seed.toml:2: key tenants[0].id: "), "{tenant}");
    assert!(ids(&world).await.is_empty());
    assert_eq!(world.audited().await, []);
}

async fn a_client_of_the_settings_is_not_changed_by_a_file(db: Db) {
    let world = World::new(db).await;
    let error = applied(&world, &CLIENT.replace("\"neu\"", "\"portal\"")).await.unwrap_err();
    assert!(error.starts_with("seed.toml:2: key clients[0].client_id: "), "{error}");
    assert!(error.contains("settings"), "{error}");
    assert_eq!(world.authorize([]).await.status, http::StatusCode::SEE_OTHER);
}

async fn a_client_that_moves_into_the_settings_is_audited(db: Db) {
    let world = World::new(db).await;
    applied(&world, CLIENT).await.unwrap();
    let registered = world.state.config.registrations().unwrap();
    registering::register(&world.state, &registered).await.unwrap();
    assert_eq!(ids(&world).await, ["neu"], "a start leaves it alone");
    let own: ClientConfig = toml::from_str(CLIENT.trim_start_matches("[[clients]]\n")).unwrap();
    let mut registered = registered;
    registered.push(own.registration(std::path::Path::new("")).unwrap());
    registering::register(&world.state, &registered).await.unwrap();
    assert!(ids(&world).await.is_empty());
    let replaced = ("identity.client.replaced".to_owned(), "done".to_owned());
    assert!(world.audited().await.contains(&replaced));
}

async fn an_applied_client_logs_people_in(db: Db) {
    let world = World::new(db).await;
    applied(&world, &format!("{CLIENT}sector = \"musterstadt\"\n")).await.unwrap();
    let session = world.session(TrustLevel::Basic).await;
    let request = crate::world::request([
        ("client_id", "neu"),
        ("redirect_uri", "https://neu.example/cb"),
        ("scope", "openid"),
    ]);
    let code = world.granted(&request, &session).await.get("code").unwrap().clone();
    let mut form = crate::world::redemption(&code);
    form.insert("redirect_uri".into(), "https://neu.example/cb".into());
    let basic = [("authorization", "Basic bmV1OnMzY3JldA==")];
    let answer = world.post("/token", &crate::world::encoded(&form), &basic).await;
    assert_eq!(answer.error(), "", "{}", answer.body);
    assert_eq!(world.claims(&answer.text("id_token"), "JWT")["aud"], "neu");
}

async fn a_sector_vouches_for_all_redirect_uris(db: Db) {
    let publisher = Publisher::start().await;
    let world = World::new(db).await.with_egress(publisher.egress.clone());
    let uri = publisher.put("/uris.json", "[\"https://a.example/cb\"]");
    let text = format!("{CLIENT}sector_identifier_uri = \"{uri}\"\n");
    let error = applied(&world, &text).await.unwrap_err();
    assert!(error.starts_with("seed.toml:3: key clients[0].redirect_uris: "), "{error}");
    publisher.put("/uris.json", "[\"https://a.example/cb\", \"https://neu.example/cb\"]");
    assert_eq!(applied(&world, &text).await.unwrap(), ["client neu created"]);
    let mut tx = world.state.outside.db.read().await.unwrap();
    assert_eq!(clients::find(&mut tx, "neu").await.unwrap().unwrap().sector, "localhost");
    drop(tx);
    let asked = publisher.asked();
    publisher.clear();
    assert_eq!(applied(&world, &text).await.unwrap(), ["client neu unchanged"]);
    assert_eq!(publisher.asked(), asked, "what was vouched for is not asked again");
    let more = text.replace("/cb\"]", "/cb\", \"https://neu.example/2\"]");
    let error = applied(&world, &more).await.unwrap_err();
    assert!(error.contains("key clients[0].sector_identifier_uri: "), "{error}");
}

async fn addresses_inside_cannot_be_registered(db: Db) {
    let world = World::new(db).await;
    for (key, uri) in [
        ("jwks_uri", "https://127.0.0.1/jwks"),
        ("jwks_uri", "https://[::1]/jwks"),
        ("backchannel_logout_uri", "https://169.254.169.254/out"),
        ("sector_identifier_uri", "https://10.0.0.1/uris"),
        ("backchannel_logout_uri", "http://portal.example/out"),
    ] {
        let error = applied(&world, &format!("{CLIENT}{key} = \"{uri}\"\n")).await.unwrap_err();
        assert!(error.starts_with(&format!("seed.toml:5: key clients[0].{key}: ")), "{error}");
    }
}

async fn a_person_who_is_written_down_logs_in_at_the_level_of_the_file(db: Db) {
    let mut world = World::new(db).await;
    applied(&world, PERSON).await.unwrap();
    assert_eq!(level_of(&world, "falsch").await, None);
    assert_eq!(level_of(&world, "passwort").await, Some(TrustLevel::Substantial));
    let other = PERSON.replace("passwort", "anderes").replace("substantial", "high");
    let lines = applied(&world, &other).await.unwrap();
    assert_eq!(lines, ["person Erika@example.org updated"]);
    assert_eq!(level_of(&world, "passwort").await, None);
    assert_eq!(level_of(&world, "anderes").await, Some(TrustLevel::High));
    world.state.outside.profile = Profile::Production;
    assert_eq!(level_of(&world, "anderes").await, Some(TrustLevel::Basic), "only in a sandbox");
}

async fn attributes_follow_the_file(db: Db) {
    let world = World::new(db).await;
    let with = |attributes: &str| format!("{PERSON}[persons.attributes]\n{attributes}\n");
    let given = |world: &World| {
        let all = world.account.identified.lock().unwrap();
        let last = all.last().cloned().unwrap_or_default();
        let named = |a: &siegel_proto::common::v1::TrustLevel| format!("{a:?}");
        let shown = last.attributes.iter().filter(|a| !a.value.is_empty());
        let text = |a: &siegel_proto::account::v1::Attribute| {
            assert_eq!(a.source(), AttributeSource::Operator);
            format!("{}={} {}", a.name, a.value, named(&a.level()))
        };
        (all.len(), shown.map(text).collect::<Vec<_>>())
    };
    applied(&world, &with("given_name = \"Erika\"\ncity = \"Köln\"")).await.unwrap();
    deliver(&world).await;
    let opened: Vec<String> =
        world.account.opened.lock().unwrap().iter().map(|o| o.email.clone()).collect();
    assert_eq!(opened, ["Erika@example.org"]);
    let both = vec!["given_name=Erika Substantial".to_owned(), "city=Köln Substantial".to_owned()];
    assert_eq!(given(&world), (1, both));
    applied(&world, &with("given_name = \"Erika\"\ncity = \"Köln\"")).await.unwrap();
    deliver(&world).await;
    assert_eq!(given(&world).0, 1, "nothing changed, nothing is said");
    applied(&world, &with("given_name = \"Erika\"")).await.unwrap();
    deliver(&world).await;
    assert_eq!(given(&world), (2, vec!["given_name=Erika Substantial".to_owned()]));
    let last = world.account.identified.lock().unwrap().last().cloned().unwrap();
    assert!(last.attributes.iter().any(|a| a.name == "city"), "it is taken away by name");
}

const LAND: &str = r#"
[[upstreams]]
id = "land-b"
name = "Konto von Land B"
issuer = "https://konto.land-b.example"
client_id = "land-a"
auth = "client_secret_basic"
client_secret = "geheim"
level_cap = "substantial"
"#;

async fn an_upstream_of_the_file_is_there_and_the_second_time_nothing_changes(db: Db) {
    let world = World::new(db).await;
    assert_eq!(applied(&world, LAND).await.unwrap(), ["upstream land-b created"]);
    assert_eq!(applied(&world, LAND).await.unwrap(), ["upstream land-b unchanged"]);
    let other = LAND.replace("geheim", "anders");
    assert_eq!(applied(&world, &other).await.unwrap(), ["upstream land-b updated"]);
    let lower = other.replace("substantial", "low");
    assert_eq!(applied(&world, &lower).await.unwrap(), ["upstream land-b updated"]);
    let wrong = LAND.replace("client_secret = ", "client_secrets = ");
    let error = applied(&world, &wrong).await.unwrap_err();
    assert!(error.contains("client_secrets"), "{error}");
}

async fn production_takes_no_persons(db: Db) {
    let mut world = World::new(db).await;
    world.state.outside.profile = Profile::Production;
    let error = applied(&world, &format!("{CLIENT}{PERSON}")).await.unwrap_err();
    assert!(error.starts_with("seed.toml:5: key persons[0]: "), "{error}");
    assert!(error.contains("production"), "{error}");
    assert!(ids(&world).await.is_empty());
}

async fn four_eyes_let_no_operator_change_production_alone(db: Db) {
    let mut world = World::new(db).await;
    let config = Config::clone(&world.state.config);
    world.state.config = Arc::new(Config { four_eyes: true, ..config });
    let test = CLIENT.replace("neu", "probe") + "environment = \"test\"\n";
    let lines = applied(&world, &format!("{CLIENT}{test}")).await.unwrap();
    assert_eq!(lines, ["client neu proposed", "client probe created"]);
    assert_eq!(ids(&world).await, ["probe"]);
    let again = applied_by("bob", &world.state, &format!("{CLIENT}{test}"), false).await.unwrap();
    assert_eq!(again, ["client neu proposed", "client probe unchanged"]);
    let approve = async |name: &str| {
        let mut tx = world.state.outside.db.begin().await.unwrap();
        let approval = Approval { client_id: "neu", seen: None, by: &operator(name) };
        let done = approve_clients::approve(&world.state, &mut tx, approval, world.now()).await;
        tx.commit().await.unwrap();
        done
    };
    let alone = approve("ada").await.unwrap_err();
    assert!(matches!(alone, ManageError::SameOperator(..)), "{alone}");
    assert!(ids(&world).await == ["probe"]);
    assert_eq!(approve("bob").await.unwrap(), Became::Created);
    assert_eq!(ids(&world).await, ["neu", "probe"]);
    // Neither does calling it a test make it one, nor is it removed by one.
    let relabelled = format!("{CLIENT}environment = \"test\"\n{test}");
    let lines = applied(&world, &relabelled).await.unwrap();
    assert_eq!(lines, ["client neu proposed", "client probe unchanged"]);
    let lines = applied_by("ada", &world.state, &test, true).await.unwrap();
    assert_eq!(lines, ["client probe unchanged", "client neu proposed"]);
    assert_eq!(approve("bob").await.unwrap(), Became::Removed);
    assert_eq!(ids(&world).await, ["probe"]);
    let kinds: Vec<_> = world.audited().await.into_iter().map(|(kind, _)| kind).collect();
    for kind in ["proposed", "created", "removed"] {
        assert!(kinds.contains(&format!("identity.client.{kind}")), "{kind}");
    }
}

/// The fenced blocks of the how-to in this language.
fn examples(language: &str) -> Vec<String> {
    let text = include_str!("../../../../docs/how-to/set-up.md");
    let fence = format!("```{language}\n");
    text.split(&*fence).skip(1).map(|t| t.split("```").next().unwrap().to_owned()).collect()
}

async fn the_examples_of_the_how_to_can_be_applied(db: Db) {
    let world = World::new(db).await;
    let toml = examples("toml");
    let lines = applied(&world, &toml[0]).await.unwrap();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines.iter().all(|line| line.ends_with(" created")), "{lines:?}");
    assert_eq!(applied(&world, &toml[0]).await.unwrap().len(), 6);
    let json = Document::from_json("set-up.json", examples("json")[0].clone()).unwrap();
    let order = Order { by: operator("ada"), prune: false };
    assert_eq!(apply(&world.state, &json, &order).await.unwrap().len(), 3);
    let upstream = toml.iter().find(|text| text.starts_with("[[upstreams]]")).unwrap();
    assert_eq!(applied(&world, upstream).await.unwrap(), ["upstream land-b created"]);
    // The last block belongs into the settings.
    let settings: toml::Table = toml.last().unwrap().parse().unwrap();
    let table = settings["identity"]["registration"].clone();
    let read: siegel_identity::registration_config::RegistrationConfig = table.try_into().unwrap();
    assert!(read.approval);
}
