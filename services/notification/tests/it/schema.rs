use siegel_db::columns;
use siegel_notification::Config;
use siegel_testkit::{Backend, test_db};

use crate::office::TABLES;

#[test]
fn both_dialects_have_migrations_of_the_same_names() {
    assert_eq!(TABLES.differences(), Vec::<String>::new());
}

#[tokio::test]
async fn both_dialects_have_the_same_tables_and_columns() {
    let Some(postgres) = test_db(Backend::Postgres, TABLES).await else { return };
    let sqlite = test_db(Backend::Sqlite, TABLES).await.unwrap();
    let found = columns(&sqlite.db).await.unwrap();
    assert_eq!(found, columns(&postgres.db).await.unwrap());
    assert!(found.iter().any(|c| c.table_name == "orders"));
    postgres.drop_database().await;
}

#[test]
fn the_rules_import_no_database_and_no_wire() {
    for file in ["mod.rs", "mail.rs", "recipient.rs", "state.rs"] {
        let path = format!("{}/src/domain/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for word in ["sqlx", "tonic", "axum", "tokio", "lettre", "siegel_db", "siegel_proto"] {
            assert!(!text.contains(word), "{file} speaks of {word}");
        }
    }
}

const SETTINGS: &str = r#"
    key_encryption_key_file = "/run/siegel/secrets/notification/key-encryption-key"
    [smtp]
    host = "smtp.musterstadt.example"
    port = 587
    encryption = "starttls"
    from = "postfach@musterstadt.example"
"#;

#[test]
fn the_settings_of_the_chart_are_understood() {
    assert!(toml::from_str::<Config>(SETTINGS).is_ok());
    let login = format!("{SETTINGS}username = \"m\"\npassword_file = \"/run/p\"");
    assert!(toml::from_str::<Config>(&login).is_ok());
}

#[test]
fn an_unknown_setting_is_refused() {
    assert!(toml::from_str::<Config>(&format!("{SETTINGS}starttls = true")).is_err());
    assert!(
        toml::from_str::<Config>(&SETTINGS.replace("\"starttls\"", "\"opportunistic\"")).is_err()
    );
}
