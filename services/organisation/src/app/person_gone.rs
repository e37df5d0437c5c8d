use siegel_db::audit::{self, Entry};
use siegel_db::events::{self, NewEvent};
use siegel_db::{StoreError, Tx};
use siegel_grpc::Progress;
use siegel_kernel::{AccountId, Timestamp};

use super::{App, Failure, TOPIC, mandates, pseudonym};
use crate::store::person_gone;

/// Kind of the audit event.
const GONE: &str = "organisation.person.gone";

impl App {
    /// Ends everything that rests on a person whose account was deleted. The history says that
    /// somebody was there, and no longer who. Again, nothing happens.
    #[tracing::instrument(name = "organisation.person_gone", skip_all)]
    pub async fn person_gone(&self, account: AccountId) -> Result<Progress, Failure> {
        let now = self.clock.now();
        let name = pseudonym(account);
        let mut tx = self.db.begin().await?;
        if !person_gone::mark(&mut tx, &name, now).await? {
            return Ok(Progress::Done);
        }
        end_by_fact(&mut tx, account, now).await?;
        let somebody = AccountId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        person_gone::rename(&mut tx, account, somebody).await?;
        person_gone::forget(&mut tx, account, &format!("person:{name}")).await?;
        let entry = Entry {
            kind: GONE,
            actor: "service:identity",
            subject: &name,
            level: None,
            outcome: "done",
            request_id: "",
            detail: "",
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(Progress::Done)
    }
}

/// Ends what ends with a person, and tells the others. Whatever else rests on an account ends here.
async fn end_by_fact(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<(), StoreError> {
    for organisation in person_gone::end_memberships(tx, account, now).await? {
        let payload = serde_json::json!({ "organisation_id": organisation });
        let event = NewEvent {
            topic: TOPIC,
            kind: "organisation.member.ended",
            payload: payload.to_string().into_bytes(),
            occurred_at: now,
        };
        events::append(tx, &event).await?;
    }
    person_gone::end_facts(tx, account, now).await?;
    mandates::person_gone(tx, account, now).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use siegel_db::events::Feed;
    use siegel_db::{Db, on};
    use siegel_kernel::TrustLevel;
    use siegel_testkit::{CountingEntropy, TestClock, on_each_backend};

    use super::*;
    use crate::app::{Founder, Founding};

    on_each_backend! { &crate::MIGRATIONS =>
        memberships_end_and_nothing_names_the_person,
        what_was_under_way_makes_nobody_a_member_again,
    }

    fn app(db: Db) -> App {
        let feed = Feed::new(db.clone());
        let entropy = Arc::new(CountingEntropy::default());
        let names = mandates::Names::new(None, entropy.clone());
        App { db, feed, clock: Arc::new(TestClock::default()), entropy, names }
    }

    fn person() -> AccountId {
        format!("acc_{:032x}", 77).parse().unwrap()
    }

    async fn founds(app: &App, request_id: &str) -> Result<(), Failure> {
        let account = person();
        let caller = format!("person:{}", pseudonym(account));
        let founder = Founder { account, caller, level: TrustLevel::Substantial };
        let founding = Founding {
            request_id: request_id.into(),
            digest: [0; 32],
            name: "Muster GmbH".into(),
            legal_form: "GmbH".into(),
            register: None,
        };
        app.create(&founder, founding).await.map(|_| ())
    }

    async fn values(app: &App, sql: &'static str) -> Vec<Vec<u8>> {
        let mut tx = app.db.read().await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await.unwrap())
    }

    async fn ids(app: &App, sql: &'static str) -> Vec<AccountId> {
        let mut tx = app.db.read().await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await.unwrap())
    }

    async fn memberships_end_and_nothing_names_the_person(db: Db) {
        let app = app(db);
        founds(&app, "r1").await.unwrap();
        assert_eq!(ids(&app, "SELECT account_id FROM memberships").await, [person()]);
        for _ in 0..2 {
            assert_eq!(app.person_gone(person()).await.unwrap(), Progress::Done);
        }
        let standing = "SELECT account_id FROM memberships WHERE ended_at_us IS NULL";
        assert!(ids(&app, standing).await.is_empty());
        let history = ids(&app, "SELECT account_id FROM memberships").await;
        assert_eq!(history.len(), 1, "that somebody was a member stays");
        assert_ne!(history, [person()]);
        let text = person().to_string();
        for payload in values(&app, "SELECT payload FROM events").await {
            assert!(!String::from_utf8(payload).unwrap().contains(&text));
        }
        let ended =
            values(&app, "SELECT payload FROM events WHERE kind = 'organisation.member.ended'")
                .await;
        assert_eq!(ended.len(), 1);
    }

    async fn what_was_under_way_makes_nobody_a_member_again(db: Db) {
        let app = app(db);
        app.person_gone(person()).await.unwrap();
        assert!(matches!(founds(&app, "r1").await, Err(Failure::UnknownPerson)));
        assert!(ids(&app, "SELECT account_id FROM memberships").await.is_empty());
    }
}
