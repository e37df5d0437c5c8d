//! People who know nothing of each other, and services that one of them let in.

use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::support_service_client::SupportServiceClient;
use siegel_walk::{Answer, Asks, Gate, Rows, Rpc, Stranger, Things as _, Token, Walked, rows};

use super::names::Names;
use crate::documents::{grant, redeem, store};
use crate::imports::import;
use crate::office::{Office, from_card};

/// Words that stand in the victim's things and nowhere else.
pub const SECRETS: [&str; 3] = ["Zwetschgenmus", "zwetschge@example.org", "Quittengelee"];

/// Of no account.
const NOBODY: AccountId = AccountId::from_uuid(uuid::Uuid::max());

pub struct Town {
    pub office: Office,
    pub gate: Gate,
    pub erika: (AccountId, Names),
    max: (AccountId, Names),
    /// Has an account with nothing in it.
    plain: AccountId,
    /// Became one with another account.
    ended: AccountId,
    /// Has an account, and a token whose grant is over.
    gone: AccountId,
}

pub fn person(account: AccountId) -> Token {
    Token::Person { account, level: TrustLevel::High }
}

pub const BAUAMT: Token = Token::Client { client_id: "bauamt", tenant: "musterstadt" };
pub const STAFF: Token = Token::Client { client_id: "auskunft", tenant: "land" };

impl Town {
    pub async fn new(db: Db) -> Self {
        let mut office = Office::open(db).await;
        let gate = Gate::new("account", office.services(), office.db.clone(), office.clock.clone());
        let erika = furnish(&mut office, "zwetschge@example.org", "Zwetschgenmus").await;
        let max = furnish(&mut office, "max@example.org", "Max").await;
        let plain = office.account("").await;
        let gone = office.account("gone@example.org").await;
        gate.end_grant(gone);
        let (stays, ended) =
            (office.account("stays@example.org").await, office.account("ended@example.org").await);
        let merge = pb::MergeAccountsRequest {
            request_id: "ends".into(),
            into_account_id: stays.to_string(),
            from_account_id: ended.to_string(),
        };
        office.merges().merge_accounts(merge).await.unwrap();
        Self { office, gate, erika, max, plain, ended, gone }
    }

    /// A new account with everything in it.
    pub async fn settle(&mut self, n: usize) -> (AccountId, Names) {
        let (account, names) =
            furnish(&mut self.office, &format!("own{n}@example.org"), "Eigenes").await;
        (account, names.asking(format!("own {n}")))
    }

    fn stranger(&self, who: &'static str, token: Token, own: &Names) -> Stranger<Names> {
        let (foreign, missing) = (self.erika.1.clone(), Names::missing());
        Stranger { who, token, own: own.clone(), foreign, missing }
    }

    pub fn persons(&self) -> Vec<Stranger<Names>> {
        let (max, nothing) = (&self.max.1, Names::missing());
        let below = Token::Person { account: self.max.0, level: TrustLevel::Basic };
        vec![
            self.stranger("another person", person(self.max.0), max),
            self.stranger("one below the level", below, max),
            self.stranger("one with an empty account", person(self.plain), &nothing),
            self.stranger("one whose account ended", person(self.ended), &nothing),
            self.stranger("one whose grant ended", person(self.gone), &nothing),
            self.stranger("one without an account", person(NOBODY), &nothing),
        ]
    }

    /// Services that nobody let in, and staff of others.
    pub fn clients(&self) -> Vec<Stranger<Names>> {
        let client = |client_id, tenant| Token::Client { client_id, tenant };
        let own = &self.max.1;
        let colleague = client("standesamt", "musterstadt");
        vec![
            self.stranger("another service", colleague, &Names::missing()),
            self.stranger("another tenant's", client("auskunft", "neustadt"), own),
        ]
    }

    /// Siblings that may call, about an account that is no more.
    pub fn siblings(&self) -> Vec<Stranger<Names>> {
        let gone = self.ended.to_string();
        let of = |who, service| {
            let about = self.stranger(who, Token::Service(service), &self.max.1);
            let foreign =
                Names { account: gone.clone(), merged: gone.clone(), ..about.own.clone() };
            let missing = Names {
                account: Names::missing().account,
                merged: Names::missing().merged,
                ..about.own.clone()
            };
            Stranger { foreign, missing, ..about }
        };
        vec![of("identity", "identity"), of("the postbox", "postbox")]
    }
}

impl Asks for Town {
    async fn ask(&self, rpc: &Rpc, token: &Token, messages: Vec<Vec<u8>>) -> Answer {
        self.gate.call(rpc, token, messages).await
    }
}

impl Walked<Names> for Town {
    async fn stored(&self) -> Rows {
        self.office.until_quiet().await;
        rows(&self.office.db, &["audit"]).await
    }
}

/// An account with one of everything.
async fn furnish(office: &mut Office, email: &str, word: &str) -> (AccountId, Names) {
    let account = office.account(email).await;
    let merged = office.account(&format!("zweites.{email}")).await;
    office.card(account, &[("given_name", word), ("city", "Köln")]).await;
    let other_card = pb::RecordIdentificationRequest {
        request_id: office.fresh(),
        account_id: account.to_string(),
        attributes: vec![from_card("given_name", &format!("{word} II")), from_card("city", "Bonn")],
    };
    let change = office.registry.record_identification(other_card).await.unwrap().into_inner();
    let consent = office.consent(account, "bauamt", &["city"]).await;
    let content = format!("%PDF-1.7 Quittengelee {email}");
    let document = store(office, account, "first", content.as_bytes()).await.document_id;
    let grant = grant(office, account, &document, true).await.grant_id;
    redeem(office, "bauamt", &office.fresh(), &grant).await.unwrap();
    let look = pb::LookUpAccountRequest {
        request_id: office.fresh(),
        account_id: account.to_string(),
        reason: word.into(),
        reference: String::new(),
    };
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    staff.look_up_account(look).await.unwrap();
    let line = format!(
        r#"{{"id":"{email}","email":"{email}","level":"low","attributes":[{{"name":"zip_code","value":"50667","level":"low"}}]}}"#
    );
    import(office, &line).await;
    let mut offers = office.offers(account, TrustLevel::High);
    let offers = offers.list_offers(pb::ListOffersRequest {}).await.unwrap().into_inner().offers;
    let names = Names {
        request_id: String::new(),
        account: account.to_string(),
        merged: merged.to_string(),
        consent,
        change: change.pending_change_id,
        document,
        grant,
        offer: offers[0].offer_id.clone(),
    };
    (account, names)
}
