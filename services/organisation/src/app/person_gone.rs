use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};
use siegel_grpc::Progress;
use siegel_kernel::{AccountId, Timestamp};

use super::{App, Failure, leaving, mandates, pseudonym};
use crate::domain::claim::Step;
use crate::store::{claims, members, person_gone};

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
        self.end_by_fact(&mut tx, account, now).await?;
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

    /// Ends what ends with a person, and tells the others. Whatever else rests on an account ends
    /// here. A claim that has had its effect is the organisation's and stays: by it an organisation
    /// that nobody manages any more is recovered. A program is the organisation's too.
    async fn end_by_fact(
        &self,
        tx: &mut Tx,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        for claim in claims::open_of_account(tx, account).await? {
            self.end_claim(tx, &claim, Step::Withdraw).await?;
        }
        person_gone::forget_claimant(tx, account).await?;
        for member in members::of_account(tx, account).await? {
            leaving::end(tx, &member, now).await?;
        }
        person_gone::end_facts(tx, account, now).await?;
        person_gone::end_mail(tx, account, now).await?;
        Ok(mandates::person_gone(tx, account, now).await?)
    }
}

/// Whether this caller is a person whose account was deleted: nothing of theirs begins again.
pub(super) async fn is_gone(tx: &mut Tx, caller: &str) -> Result<bool, StoreError> {
    match caller.strip_prefix("person:") {
        Some(name) => person_gone::is_marked(tx, name).await,
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use siegel_db::{Db, on};
    use siegel_grpc::testing::{Fakes, outside};
    use siegel_kernel::TrustLevel;
    use siegel_testkit::{CountingEntropy, TestClock, on_each_backend};

    use super::*;
    use crate::app::{Founder, Founding};
    use crate::config::Config;
    use crate::start::build;

    on_each_backend! { &crate::MIGRATIONS =>
        memberships_end_and_nothing_names_the_person,
        rights_and_substitutions_end_but_what_was_handed_over_stays,
        what_was_under_way_makes_nobody_a_member_again,
    }

    fn app(db: Db) -> App {
        let (clock, entropy) =
            (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
        let outside = outside("organisation", db, clock, entropy, &Fakes::new());
        build(&Config::default(), &outside).unwrap()
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

    async fn bytes(app: &App, sql: &'static str) -> Vec<Vec<u8>> {
        let mut tx = app.db.read().await.unwrap();
        let found: Vec<uuid::Uuid> =
            on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await.unwrap());
        found.into_iter().map(|id| id.as_bytes().to_vec()).collect()
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

    /// Writes into the tables as if it had been so for long; ids by their last digit.
    async fn set_up(app: &App, rows: &[(&str, &[i64])]) {
        let id = |n: i64| format!("{n:032x}");
        let mut tx = app.db.begin().await.unwrap();
        for (sql, values) in rows {
            let values = values.iter().map(|n| match (*n, &app.db) {
                (n, _) if n > 1_000 => n.to_string(),
                (n, Db::Sqlite { .. }) => format!("x'{}'", id(n)),
                (n, Db::Postgres(_)) => format!("'{}'::uuid", id(n)),
            });
            let sql = values.fold((*sql).to_owned(), |sql, value| sql.replacen('?', &value, 1));
            let sql = sqlx::AssertSqlSafe(sql);
            on!(&mut tx, c => sqlx::query(sql).execute(c).await.unwrap().rows_affected());
        }
        tx.commit().await.unwrap();
    }

    async fn rights_and_substitutions_end_but_what_was_handed_over_stays(db: Db) {
        const MEMBER: &str = "INSERT INTO memberships \
            (id, organisation_id, account_id, role, began_at_us) SELECT ?, id, ?, 3, 1 \
            FROM organisations";
        const MAILBOX: &str = "INSERT INTO mailboxes \
            (id, organisation_id, kind, name, belongs_to, created_at_us) SELECT ?, id, 4, '', ?, 1 \
            FROM organisations";
        const RIGHT: &str = "INSERT INTO mailbox_rights (id, organisation_id, mailbox_id, \
            holder_kind, holder, rights, began_at_us) SELECT ?, id, ?, 1, ?, 2, 1 \
            FROM organisations";
        const AWAY: &str = "INSERT INTO substitutions (id, organisation_id, kind, absent, \
            substitute, from_us, until_us, created_at_us) SELECT ?, id, 1, ?, ?, 1, ?, 1 \
            FROM organisations";
        const HANDED_OVER: &str = "INSERT INTO substitutions (id, organisation_id, kind, absent, \
            substitute, from_us, until_us, created_at_us) SELECT ?, id, 2, ?, ?, 1, ?, 1 \
            FROM organisations";
        let app = app(db);
        founds(&app, "r1").await.unwrap();
        let later = app.clock.now().plus(std::time::Duration::from_hours(1)).as_micros();
        set_up(
            &app,
            &[
                ("UPDATE memberships SET id = ?, account_id = ?", &[1, 71]),
                (MEMBER, &[2, 72]),
                (MEMBER, &[3, 73]),
                (MAILBOX, &[11, 1]),
                (MAILBOX, &[12, 2]),
                (RIGHT, &[21, 0, 1]),
                (RIGHT, &[22, 0, 2]),
                (AWAY, &[31, 1, 3, later]),
                (AWAY, &[32, 3, 1, later]),
                (AWAY, &[33, 2, 3, later]),
                (HANDED_OVER, &[34, 2, 3, later]),
            ],
        )
        .await;
        for gone in [71, 72] {
            let account = format!("acc_{gone:032x}").parse().unwrap();
            app.person_gone(account).await.unwrap();
        }
        let left = |rows: Vec<Vec<u8>>| rows.into_iter().map(|id| id[15]).collect::<Vec<u8>>();
        for (sql, expected) in [
            ("SELECT id FROM mailboxes WHERE closed_at_us IS NULL", 12_u8),
            ("SELECT id FROM mailbox_rights WHERE ended_at_us IS NULL", 22),
            ("SELECT id FROM substitutions WHERE ended_at_us IS NULL", 34),
        ] {
            assert_eq!(left(bytes(&app, sql).await), [expected], "{sql}");
        }
    }

    async fn what_was_under_way_makes_nobody_a_member_again(db: Db) {
        let app = app(db);
        app.person_gone(person()).await.unwrap();
        assert!(matches!(founds(&app, "r1").await, Err(Failure::UnknownPerson)));
        assert!(ids(&app, "SELECT account_id FROM memberships").await.is_empty());
    }
}
