//! People with a log-in and everything that hangs on it.

use siegel_crypto::sha256;
use siegel_db::Db;
use siegel_identity::domain::email::EmailAddress;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::credentials::{self, CredentialId, NewCard};
use siegel_identity::store::upstream_links::{self, LinkId, NewLink};
use siegel_identity::store::{accounts, scope_consents, sessions};
use siegel_kernel::TrustLevel;
use siegel_oidc::AccessToken;
use siegel_walk::{Answer, Asks, Gate, Rows, Rpc, Stranger, Things as _, Token, Walked, rows};

use super::names::Names;
use crate::world::{World, redemption};

/// Of everybody.
pub const PASSWORD: &str = "vier lange Pferde singen";

/// Stands in the victim's things and nowhere else.
pub const SECRET: &str = "Zwetschgenmus";

pub struct Town {
    pub world: World,
    pub gate: Gate,
    /// [`PASSWORD`] as it is stored.
    phc: String,
    pub erika: Resident,
    max: Resident,
    /// Max, by a session of the lowest level.
    below: Token,
    /// Logged out.
    gone: Resident,
    /// Holds nothing at any client.
    plain: SessionView,
}

/// Somebody with one of everything, and a token of the portal.
#[derive(Clone)]
pub struct Resident {
    pub token: Token,
    pub names: Names,
    session: SessionView,
}

impl Town {
    pub async fn new(db: Db) -> Self {
        let world = World::with(db, |config| {
            let scopes = config.clients[0].scopes.as_mut().unwrap();
            scopes.push("identity.self".into());
        });
        let world = world.await;
        let services = siegel_identity::grpc_services(&world.state);
        let db = world.state.outside.db.clone();
        let gate = Gate::new("identity", &services, db, world.clock.clone());
        let phc = world.state.people.passwords.hash(PASSWORD.into()).await.unwrap();
        let erika = furnish(&world, &phc, "zwetschge@example.org", SECRET).await;
        allows(&world, &erika.session, "other").await;
        let max = furnish(&world, &phc, "max@example.org", "Max").await;
        allows(&world, &max.session, "portal").await;
        let gone = furnish(&world, &phc, "gone@example.org", "Fort").await;
        log_out(&world, &gone.session).await;
        let low = SessionView { level: TrustLevel::Basic, ..max.session.clone() };
        let below = logs_in(&world, &low).await.0;
        let plain = world.session(TrustLevel::Basic).await;
        let town = Self { world, gate, phc, erika, max, below, gone, plain };
        town.introduce().await;
        town
    }

    /// Every service has its token from now on: that it got one is stored.
    async fn introduce(&self) {
        let rpcs = siegel_proto::rpcs().into_iter();
        let check = rpcs.filter(|rpc| rpc.method == "CheckToken").collect::<Vec<_>>();
        for stranger in self.siblings() {
            self.gate.call(&check[0], &stranger.token, vec![Vec::new()]).await;
        }
    }

    /// Somebody new with everything.
    pub async fn settle(&self, n: usize) -> Resident {
        let email = format!("own{n}@example.org");
        let resident = furnish(&self.world, &self.phc, &email, "Eigenes").await;
        allows(&self.world, &resident.session, "portal").await;
        let names = Names { client: "portal".into(), ..resident.names.asking(format!("own {n}")) };
        Resident { names, ..resident }
    }

    pub fn persons(&self) -> Vec<Stranger<Names>> {
        let own = Names { client: "portal".into(), ..self.max.names.clone() };
        let foreign = Names { client: "other".into(), ..self.erika.names.clone() };
        let stranger = |who, token: &Token, own: &Names| Stranger {
            who,
            token: token.clone(),
            own: own.clone(),
            foreign: foreign.clone(),
            missing: Names::missing(),
        };
        vec![
            stranger("another person", &self.max.token, &own),
            stranger("one at a lower level", &self.below, &own),
            stranger("one who logged out", &self.gone.token, &Names::missing()),
        ]
    }

    /// Services that may ask: about what ended, and what holds nothing, instead of what never was.
    pub fn siblings(&self) -> Vec<Stranger<Names>> {
        let own = Names { client: "portal".into(), ..self.max.names.clone() };
        let foreign = Names {
            grant: self.gone.names.grant.clone(),
            session: self.gone.names.session.clone(),
            subject: self.gone.names.subject.clone(),
            account: self.plain.account.to_string(),
            email: self.erika.names.email.clone(),
            client: "bank".into(),
            ..own.clone()
        };
        let missing = Names {
            credential: own.credential.clone(),
            link: own.link.clone(),
            ..Names::missing()
        };
        let services = ["account", "organisation", "postbox", "eid", "notification", "portal"];
        let stranger = |service| Stranger {
            who: service,
            token: Token::Service(service),
            own: own.clone(),
            foreign: foreign.clone(),
            missing: missing.clone(),
        };
        services.map(stranger).into()
    }
}

impl Asks for Town {
    async fn ask(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>) -> Answer {
        self.gate.call(rpc, token, messages).await
    }
}

impl Walked<Names> for Town {
    /// But for what services were answered, which is remembered.
    async fn stored(&self) -> Rows {
        self.world.state.feed.number(&*self.world.clock).await.unwrap();
        rows(&self.world.state.outside.db, &["audit", "requests"]).await
    }
}

/// A token of the portal for identity itself, and its claims.
async fn logs_in(world: &World, session: &SessionView) -> (Token, AccessToken) {
    let code = world.code([("scope", "openid identity.self")], session).await;
    let answer = world.bound_token("portal", redemption(&code)).await;
    let token = answer.text("access_token");
    let claims = world.state.keys.published().verify(&token, AccessToken::TYP).unwrap();
    (Token::Given { token, key: Box::new(world.dpop_key.clone()) }, claims)
}

async fn log_out(world: &World, session: &SessionView) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let stored = sessions::find(&mut tx, session.id).await.unwrap().unwrap();
    let now = world.now();
    siegel_identity::app::sessions::end(&mut tx, &stored, "TEST", now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn allows(world: &World, session: &SessionView, client: &str) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let (scopes, now) = (["account.read".to_owned()], world.now());
    scope_consents::give(&mut tx, session.account, client, &scopes, now).await.unwrap();
    tx.commit().await.unwrap();
}

/// Somebody with a password, a card, a link and a session at the card's level.
async fn furnish(world: &World, phc: &str, email: &str, label: &str) -> Resident {
    let session = world.session(TrustLevel::Substantial).await;
    let (clock, entropy) = (&*world.state.outside.clock, &*world.state.outside.entropy);
    let (now, account) = (world.now(), session.account);
    let keys = &world.state.people.keys;
    let address = EmailAddress::parse(email).unwrap();
    let (hash, sealed) = (keys.address_hash(&address), keys.seal_address(&address).unwrap());
    let mut tx = world.state.outside.db.begin().await.unwrap();
    assert!(accounts::change_address(&mut tx, account, &hash, &sealed).await.unwrap());
    let password = CredentialId::new(clock, entropy).unwrap();
    assert!(credentials::add_password(&mut tx, password, account, phc, now).await.unwrap());
    let card = NewCard {
        id: CredentialId::new(clock, entropy).unwrap(),
        account,
        card_hash: &sha256(format!("card {email}").as_bytes()),
        holder_hash: &sha256(format!("holder {email}").as_bytes()),
        level: TrustLevel::Substantial,
        label,
        at: now,
    };
    assert!(credentials::add_card(&mut tx, &card).await.unwrap());
    let link = NewLink {
        id: LinkId::new(clock, entropy).unwrap(),
        upstream: "land",
        subject_hash: &sha256(format!("link {email}").as_bytes()),
        holder_hash: None,
        account,
        level: TrustLevel::Substantial,
        at: now,
    };
    assert!(upstream_links::add(&mut tx, &link).await.unwrap());
    tx.commit().await.unwrap();
    let (token, claims) = logs_in(world, &session).await;
    let names = Names {
        request_id: String::new(),
        session: session.id.to_string(),
        credential: card.id.to_string(),
        link: link.id.to_string(),
        client: "portal".into(),
        grant: claims.gid.clone(),
        subject: claims.sub.clone(),
        account: account.to_string(),
        email: email.into(),
    };
    Resident { token, names, session }
}
