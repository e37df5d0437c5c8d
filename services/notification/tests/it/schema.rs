use siegel_notification::Config;

use crate::office::TABLES;

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_and_columns() {
    siegel_testkit::assert_same_schema(TABLES).await;
}

#[test]
fn the_rules_know_neither_database_nor_network() {
    siegel_testkit::assert_domain_is_pure(env!("CARGO_MANIFEST_DIR"));
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
