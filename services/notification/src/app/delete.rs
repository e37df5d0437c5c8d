use std::time::Duration;

use siegel_grpc::Progress;
use siegel_kernel::AccountId;

use super::{App, Failure, Order, record};
use crate::domain::Recipient;
use crate::store::deleted;

/// How long mails that wait may still leave, the one about the deletion among them.
const LAST_MAILS: Duration = Duration::from_hours(1);
/// Kind of the audit event.
const DELETED: &str = "notification.account.deleted";

impl App {
    /// Forgets where an account is reached. Mails that were just ordered leave first.
    #[tracing::instrument(name = "notification.account.delete", skip_all)]
    pub async fn delete_account(&self, account: AccountId) -> Result<Progress, Failure> {
        let now = self.clock.now();
        let recipient = Recipient::Account(account);
        let name = deleted::name(recipient);
        let mut tx = self.db.begin().await?;
        if deleted::is(&mut tx, &name).await? {
            return Ok(Progress::Done);
        }
        if deleted::waiting(&mut tx, &name, now.minus(LAST_MAILS)).await? > 0 {
            return Ok(Progress::Waits("MAIL_QUEUED"));
        }
        deleted::add(&mut tx, &name, now).await?;
        deleted::wipe(&mut tx, recipient, &name, now).await?;
        let order = Order {
            kind: DELETED,
            caller: "service:identity".to_owned(),
            request_id: String::new(),
            digest: [0; 32],
        };
        record(&mut tx, &order, Some(recipient), "", now).await?;
        tx.commit().await?;
        self.committed();
        Ok(Progress::Done)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use siegel_crypto::RootSecret;
    use siegel_db::events::Feed;
    use siegel_db::outbox::Outbox;
    use siegel_db::{Db, on};
    use siegel_grpc::testing::{Fakes, outside};
    use siegel_kernel::TrustLevel;
    use siegel_testkit::{CountingEntropy, TestClock, on_each_backend};

    use super::*;
    use crate::app::{NewContact, Vault};
    use crate::domain::{Bell, Mail, State};

    on_each_backend! { &crate::MIGRATIONS =>
        a_deleted_account_has_no_address_and_gets_none_again,
        mails_that_were_just_ordered_leave_first,
        mails_that_never_left_are_wiped_after_an_hour,
    }

    fn app(db: Db) -> (App, Arc<TestClock>) {
        let dir = tempfile::tempdir().unwrap();
        let (clock, entropy) =
            (Arc::new(TestClock::default()), Arc::new(CountingEntropy::default()));
        let root = RootSecret::load(&dir.path().join("key"), true, entropy.as_ref()).unwrap();
        let around =
            outside("notification", db.clone(), clock.clone(), entropy.clone(), &Fakes::new());
        let app = App {
            feed: Feed::new(db.clone()),
            outbox: Outbox::new(db.clone(), clock.clone()),
            vault: Vault::new(&root, entropy.clone()),
            siblings: around.siblings,
            egress: around.egress,
            origin: "http://localhost:8080".into(),
            clock: clock.clone(),
            entropy,
            db,
        };
        (app, clock)
    }

    fn person() -> AccountId {
        format!("acc_{:032x}", 7).parse().unwrap()
    }

    fn order(id: &str) -> Order {
        Order {
            kind: "notification.notice.ordered",
            caller: "service:identity".into(),
            request_id: id.into(),
            digest: [0; 32],
        }
    }

    async fn contact(app: &App, id: &str) {
        let new = NewContact {
            recipient: Recipient::Account(person()),
            email: Some("a@example.org".into()),
            locale: "de".into(),
        };
        app.set_contact(&order(id), &new).await.unwrap();
    }

    async fn notice(app: &App, id: &str) -> State {
        let recipient = Recipient::Account(person());
        let mail = Mail::Notice {
            recipient: recipient.to_string(),
            bell: Bell::DeletionAsked,
            level: TrustLevel::Basic,
            path: "/account".into(),
            reminder_of: String::new(),
            days: 0,
        };
        app.order_notice(&order(id), recipient, &mail).await.unwrap()
    }

    async fn rows(app: &App, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let mut tx = app.db.read().await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await.unwrap())
    }

    async fn a_deleted_account_has_no_address_and_gets_none_again(db: Db) {
        let (app, _) = app(db);
        contact(&app, "c1").await;
        for _ in 0..2 {
            assert_eq!(app.delete_account(person()).await.unwrap(), Progress::Done);
        }
        assert_eq!(rows(&app, "contacts").await, 0);
        contact(&app, "c2").await;
        assert_eq!(rows(&app, "contacts").await, 0);
        assert_eq!(notice(&app, "n1").await, State::NoContact);
        assert_eq!(rows(&app, "orders WHERE mail IS NOT NULL").await, 0);
    }

    async fn mails_that_were_just_ordered_leave_first(db: Db) {
        let (app, _) = app(db);
        contact(&app, "c1").await;
        notice(&app, "n1").await;
        let waits = app.delete_account(person()).await.unwrap();
        assert_eq!(waits, Progress::Waits("MAIL_QUEUED"));
        assert_eq!(rows(&app, "contacts").await, 1, "the address is still needed");
    }

    async fn mails_that_never_left_are_wiped_after_an_hour(db: Db) {
        let (app, clock) = app(db);
        contact(&app, "c1").await;
        notice(&app, "n1").await;
        clock.advance(LAST_MAILS);
        assert_eq!(app.delete_account(person()).await.unwrap(), Progress::Done);
        assert_eq!(rows(&app, "orders WHERE mail IS NOT NULL").await, 0);
        assert_eq!(rows(&app, "contacts").await, 0);
    }
}
