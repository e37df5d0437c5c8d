//! Accounts of a closed system come from a file, each once, however often the import is begun.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use siegel_account::{ImportError, ImportOrder, Progress};
use siegel_db::Db;
use siegel_kernel::Clock as _;
use siegel_testkit::on_each_backend;
use tokio::sync::watch;

use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    every_line_becomes_an_account_that_waits_and_the_same_file_again_changes_nothing,
    bad_lines_are_left_out_and_reported_with_number_and_reason,
    an_import_that_ends_in_the_middle_goes_on_there_and_doubles_nothing,
    an_account_that_is_in_the_file_twice_waits_once,
    a_later_file_adds_what_is_new_and_reports_what_differs,
    no_address_and_no_value_of_the_file_can_be_read_in_the_tables,
    a_system_belongs_to_the_tenant_that_imported_first,
    what_cannot_be_an_import_is_refused_before_it_begins,
    who_imported_what_is_on_record,
}

pub const DAYS: Duration = Duration::from_hours(24);

pub fn order(office: &Office) -> ImportOrder {
    ImportOrder {
        tenant: "land".into(),
        system: "altkonto".into(),
        name: "Servicekonto Altland".into(),
        operator: "operator:anna".into(),
        valid_until: office.clock.now().plus(DAYS * 30),
    }
}

pub fn file(office: &Office, name: &str, text: &str) -> PathBuf {
    let path = office.dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// `count` accounts from number `first` on.
fn accounts(first: usize, count: usize) -> String {
    (first..first + count).fold(String::new(), |mut text, n| {
        let attributes = format!(r#"[{{"name":"city","value":"Ort {n}","level":"low"}}]"#);
        let email = format!("person{n}@alt.example");
        writeln!(
            text,
            r#"{{"id":"{n}","email":"{email}","level":"low","attributes":{attributes}}}"#
        )
        .unwrap();
        text
    })
}

/// Imports a text; what was counted, and the report.
pub async fn import(office: &Office, text: &str) -> (Progress, String) {
    let (path, mut report) = (file(office, "accounts.jsonl", text), Vec::new());
    let done = office.imports().import(&path, &order(office), &mut report, |_| {}).await.unwrap();
    (done, String::from_utf8(report).unwrap())
}

async fn refused(office: &Office, order: &ImportOrder) -> ImportError {
    let path = file(office, "accounts.jsonl", &accounts(0, 1));
    let done = office.imports().import(&path, order, &mut Vec::new(), |_| {}).await;
    done.unwrap_err()
}

const WAITING: &str = "SELECT COUNT(*) FROM imported_accounts WHERE payload IS NOT NULL";

async fn every_line_becomes_an_account_that_waits_and_the_same_file_again_changes_nothing(db: Db) {
    let office = Office::open(db).await;
    let text = accounts(0, 1_234);
    for _ in 0..2 {
        let (done, report) = import(&office, &text).await;
        assert_eq!((done.lines, done.staged, done.known, done.bad), (1_234, 1_234, 0, 0));
        assert_eq!(report, "");
        assert_eq!(office.count(WAITING).await, 1_234);
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM import_runs").await, 1);
}

async fn bad_lines_are_left_out_and_reported_with_number_and_reason(db: Db) {
    let office = Office::open(db).await;
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(70_000));
    let text = format!(
        "\u{feff}{}\r\n\n{{\"id\":\n{}\n{long}\n{}",
        r#"{"id":"1","email":"a@alt.example"}"#,
        r#"{"id":"2","email":"b@alt.example","attributes":[{"name":"shoe_size","value":"42"}]}"#,
        r#"{"id":"3","email":"c@alt.example"}"#,
    );
    let (done, report) = import(&office, &text).await;
    assert_eq!((done.lines, done.staged, done.bad), (6, 2, 3), "the empty line is no account");
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"line":3,"reason":"LINE_MALFORMED","field":""}"#,
            r#"{"line":4,"reason":"ATTRIBUTE_UNKNOWN","field":"attributes[0].name"}"#,
            r#"{"line":5,"reason":"LINE_TOO_LONG","field":""}"#,
        ]
    );
    assert_eq!(office.count(WAITING).await, 2);
}

/// Imports until the service has committed `lines` of them, and drops everything then: in the
/// middle of the next batch.
async fn killed_after(office: &Office, text: &str, lines: i64) {
    let (path, order) = (file(office, "accounts.jsonl", text), order(office));
    let (far, mut enough) = watch::channel(0);
    let (imports, mut report) = (office.imports(), Vec::new());
    let told = |at: Progress| {
        far.send_replace(at.lines);
    };
    tokio::select! {
        biased;
        done = enough.wait_for(|far| *far >= lines) => { done.unwrap(); }
        done = imports.import(&path, &order, &mut report, told) => panic!("it ended: {done:?}"),
    }
}

async fn an_import_that_ends_in_the_middle_goes_on_there_and_doubles_nothing(db: Db) {
    let office = Office::open(db).await;
    let text = format!("{{}}\n{}{{}}\n", accounts(0, 2_000));
    for lines in [500, 1_000, 1_500] {
        killed_after(&office, &text, lines).await;
        assert_eq!(office.count(WAITING).await, lines - 1, "a batch is whole or not there");
    }
    let (done, report) = import(&office, &text).await;
    assert_eq!((done.lines, done.staged, done.known, done.bad), (2_002, 2_000, 0, 2));
    assert_eq!(report.lines().count(), 2, "the report tells of all lines, of those before too");
    assert_eq!(office.count(WAITING).await, 2_000);
}

async fn an_account_that_is_in_the_file_twice_waits_once(db: Db) {
    let office = Office::open(db).await;
    let one = r#"{"id":"1","email":"a@alt.example"}"#;
    let other = r#"{"id":"1","email":"b@alt.example"}"#;
    let (done, report) = import(&office, &format!("{one}\n{one}\n{other}\n")).await;
    assert_eq!((done.staged, done.known, done.bad), (1, 1, 1));
    assert_eq!(report, "{\"line\":3,\"reason\":\"ID_TWICE\",\"field\":\"id\"}\n");
}

async fn a_later_file_adds_what_is_new_and_reports_what_differs(db: Db) {
    let office = Office::open(db).await;
    import(&office, &accounts(0, 10)).await;
    let text = accounts(5, 10).replace("Ort 6", "Anderswo");
    let (done, report) = import(&office, &text).await;
    assert_eq!((done.staged, done.known, done.bad), (5, 4, 1));
    assert_eq!(report, "{\"line\":2,\"reason\":\"IMPORTED_OTHERWISE\",\"field\":\"id\"}\n");
    assert_eq!(office.count(WAITING).await, 15);
}

async fn no_address_and_no_value_of_the_file_can_be_read_in_the_tables(db: Db) {
    let office = Office::open(db).await;
    import(&office, &accounts(0, 3)).await;
    let columns = siegel_db::columns(&office.db).await.unwrap();
    let of = |c: &&siegel_db::Column| c.table_name.starts_with("import");
    let mut looked_at = 0;
    for column in columns.iter().filter(of) {
        let (table, name) = (&column.table_name, &column.column_name);
        for word in ["person1", "alt.example", "Ort 1"] {
            // PostgreSQL writes bytes as hexadecimal digits.
            let hex = word.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            let sql = format!(
                "SELECT COUNT(*) FROM {table} WHERE CAST({name} AS TEXT) LIKE '%{word}%' \
                 OR CAST({name} AS TEXT) LIKE '%{hex}%'"
            );
            assert_eq!(office.count(sql.leak()).await, 0, "{word} is in {table}.{name}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 50);
}

async fn a_system_belongs_to_the_tenant_that_imported_first(db: Db) {
    let office = Office::open(db).await;
    import(&office, &accounts(0, 1)).await;
    let other = ImportOrder { tenant: "stadt".into(), ..order(&office) };
    assert!(matches!(refused(&office, &other).await, ImportError::OtherTenant));
}

async fn what_cannot_be_an_import_is_refused_before_it_begins(db: Db) {
    let office = Office::open(db).await;
    let good = order(&office);
    let system = ImportOrder { system: "Alt Konto".into(), ..good.clone() };
    assert!(matches!(refused(&office, &system).await, ImportError::BadSystem));
    let name = ImportOrder { name: "a\nb".into(), ..good.clone() };
    assert!(matches!(refused(&office, &name).await, ImportError::BadName));
    let over = ImportOrder { valid_until: office.clock.now(), ..good };
    assert!(matches!(refused(&office, &over).await, ImportError::Over));
    assert_eq!(office.count("SELECT COUNT(*) FROM import_runs").await, 0);
}

async fn who_imported_what_is_on_record(db: Db) {
    let office = Office::open(db).await;
    import(&office, &accounts(0, 3)).await;
    import(&office, &accounts(0, 3)).await;
    let told = "SELECT COUNT(*) FROM audit WHERE kind = 'account.import.finished' \
        AND actor = 'operator:anna' AND subject = 'import:altkonto' \
        AND detail = 'lines=3 staged=3 known=0 bad=0'";
    assert_eq!(office.count(told).await, 1, "once for one file");
    let begun = "SELECT COUNT(*) FROM audit WHERE kind = 'account.import.begun'";
    assert_eq!(office.count(begun).await, 1);
}
