use siegel_db::Tx;
use siegel_db::audit::{self, Entry};
use siegel_grpc::{Progress, audit_name};
use siegel_kernel::{AccountId, Timestamp};

use super::offers::confirmed_email;
use super::{App, Failure, TOPIC, kinds};
use crate::store::{accounts, attributes, deleted, imported};

impl App {
    /// Removes everything of an account, its key first of all; again, nothing happens. No order that
    /// is still on its way opens it again.
    #[tracing::instrument(name = "account.delete", skip_all)]
    pub async fn delete_account(&self, account: AccountId) -> Result<Progress, Failure> {
        let now = self.clock.now();
        let name = audit_name(account);
        let mut tx = self.db.begin().await?;
        if !deleted::add(&mut tx, &name, now).await? {
            return Ok(Progress::Done);
        }
        self.end_imports(&mut tx, account, now).await?;
        // Orders the objects' removal, which the rows below are no longer there to tell.
        self.purge_documents(&mut tx, account, now).await?;
        deleted::erase(&mut tx, account).await?;
        deleted::forget_answers(&mut tx, &format!("person:{name}")).await?;
        // What the others heard of it stays in its place, and says no longer of whom.
        let told = serde_json::json!({ "account_id": account }).to_string();
        deleted::blank_events(&mut tx, TOPIC, told.as_bytes()).await?;
        let entry = Entry {
            kind: kinds::DELETED,
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
        self.committed();
        Ok(Progress::Done)
    }

    /// What an account elsewhere left for this address goes as well: nobody else may claim it.
    pub(super) async fn end_imports(
        &self,
        tx: &mut Tx,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(row) = accounts::find(tx, account).await? else { return Ok(()) };
        let key = self.vault.key_of(&row)?;
        let current = key.open_values(&attributes::current(tx, account).await?)?;
        if let Some(email) = confirmed_email(&current) {
            imported::end_for(tx, &self.vault.email_index(email), now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use siegel_db::{Db, on};
    use siegel_testkit::on_each_backend;

    use super::*;
    use crate::app::Importing;
    use crate::app::testing::{app, opens};

    on_each_backend! { &crate::MIGRATIONS =>
        a_deleted_account_leaves_no_row_and_no_word_about_whom_it_was,
        an_order_that_was_on_its_way_opens_no_deleted_account,
        another_account_is_left_as_it_was,
        what_an_earlier_account_left_for_the_address_goes_with_the_account,
    }

    async fn rows(app: &App, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let mut tx = app.db.read().await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await.unwrap())
    }

    async fn told(app: &App) -> Vec<Vec<u8>> {
        let mut tx = app.db.read().await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar("SELECT payload FROM events ORDER BY id")
            .fetch_all(c).await.unwrap())
    }

    async fn a_deleted_account_leaves_no_row_and_no_word_about_whom_it_was(db: Db) {
        let app = app(db);
        let account = opens(&app, 1).await;
        assert!(rows(&app, "attributes").await > 0);
        for _ in 0..2 {
            assert_eq!(app.delete_account(account).await.unwrap(), Progress::Done);
        }
        for table in ["accounts", "attributes", "consents", "disclosures"] {
            assert_eq!(rows(&app, table).await, 0, "{table}");
        }
        assert!(told(&app).await.iter().all(|payload| payload == b"{}"));
        let deleted = "audit WHERE kind = 'account.account.deleted'";
        assert_eq!(rows(&app, deleted).await, 1, "once, however often it is asked");
    }

    async fn an_order_that_was_on_its_way_opens_no_deleted_account(db: Db) {
        let app = app(db);
        let account: AccountId = format!("acc_{:032x}", 1).parse().unwrap();
        app.delete_account(account).await.unwrap();
        opens(&app, 1).await;
        assert_eq!(rows(&app, "accounts").await, 0);
        assert!(matches!(app.overview(account).await, Err(Failure::UnknownAccount)));
    }

    async fn imports(app: &App, system: &str, email: &str) {
        let what = Importing {
            tenant: "land".into(),
            system: system.into(),
            name: "Altes Konto".into(),
            operator: "operator:anna".into(),
            file: siegel_crypto::sha256(email.as_bytes()),
            valid_until: app.clock.now().plus(std::time::Duration::from_hours(1)),
        };
        let mut import = app.begin_import(&what).await.unwrap();
        let line = format!(r#"{{"id":"1","email":"{email}"}}"#).into_bytes();
        app.import_lines(&mut import, &[(1, line)], 1).await.unwrap();
        app.finish_import(&mut import).await.unwrap();
    }

    async fn what_an_earlier_account_left_for_the_address_goes_with_the_account(db: Db) {
        let app = app(db);
        let account = opens(&app, 1).await;
        imports(&app, "alt", "A@example.org").await;
        imports(&app, "neben", "b@example.org").await;
        app.delete_account(account).await.unwrap();
        let gone = "imported_accounts WHERE ended_by = 'deleted' AND payload IS NULL \
            AND email_index IS NULL AND content_digest IS NULL";
        assert_eq!(rows(&app, gone).await, 1);
        assert_eq!(rows(&app, "imported_accounts WHERE payload IS NOT NULL").await, 1);
        imports(&app, "alt", "a@example.org").await;
        assert_eq!(rows(&app, "imported_accounts").await, 2, "nor does it come back");
    }

    async fn another_account_is_left_as_it_was(db: Db) {
        let app = app(db);
        let (gone, other) = (opens(&app, 1).await, opens(&app, 2).await);
        app.delete_account(gone).await.unwrap();
        assert_eq!(app.overview(other).await.unwrap().display_name, "a@example.org");
    }
}
