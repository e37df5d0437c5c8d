//! What the log does not show, at its most talkative.

use std::io::Write;
use std::sync::{Arc, Mutex};

use siegel_proto::notification::v1::NotificationState as State;
use siegel_testkit::{Backend, test_db};

use crate::office::{Office, TABLES, code, contact, notice};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_address_nor_code_is_logged_even_when_the_server_repeats_them() {
    let log = Log::default();
    let to_log = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        // The digits of a time are those of any code, now and then.
        .without_time()
        .with_writer(move || to_log.clone())
        .finish();
    // One thread: all tasks of this runtime log here.
    let _here = tracing::subscriber::set_default(subscriber);
    let test = test_db(Backend::Sqlite, TABLES).await.unwrap();
    let office = Office::open(test.db.clone()).await;
    office.mails.answer(&[
        "450 erika@example.org is busy",
        "250 ok",
        "550 erika@example.org is gone",
    ]);
    office.send_code(code()).await.unwrap();
    office.wait_for("identity", "code-1", State::Sent).await;
    office.set_contact(contact()).await.unwrap();
    office.notify(notice()).await.unwrap();
    office.wait_for("postbox", "letter-1", State::Failed).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("an ordered mail is settled"), "the log is read at all");
    assert!(!text.contains("042917"), "{text}");
    assert!(!text.contains("erika"), "{text}");
}
