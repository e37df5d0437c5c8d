use std::path::Path;

use siegel_db::{Migrations, columns};

use crate::{Backend, test_db};

/// Asserts that a service's migrations have the same names in both dialects and end with the same
/// tables and columns. The second half needs PostgreSQL, as [`test_db`] says.
pub async fn assert_same_schema(migrations: &Migrations) {
    assert_eq!(migrations.differences(), Vec::<String>::new());
    let Some(postgres) = test_db(Backend::Postgres, migrations).await else { return };
    let sqlite = test_db(Backend::Sqlite, migrations).await.unwrap();
    let found = columns(&sqlite.db).await.unwrap();
    assert!(!found.is_empty(), "the schema is empty");
    assert_eq!(found, columns(&postgres.db).await.unwrap());
    postgres.drop_database().await;
}

/// Asserts that `src/domain` of a crate (`env!("CARGO_MANIFEST_DIR")`) imports no database, no
/// wire and no runtime: rules are plain functions of values.
pub fn assert_domain_is_pure(crate_dir: &str) {
    let mut looked_at = 0;
    look(&Path::new(crate_dir).join("src/domain"), &mut looked_at);
    assert!(looked_at > 0, "there is no domain to look at");
}

fn look(dir: &Path, looked_at: &mut u32) {
    const FOREIGN: [&str; 9] = [
        "sqlx",
        "tonic",
        "axum",
        "tokio",
        "lettre",
        "siegel_db",
        "siegel_proto",
        "siegel_grpc",
        "object_store",
    ];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, looked_at);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        *looked_at += 1;
        for word in FOREIGN {
            assert!(!text.contains(&format!("{word}::")), "{} uses {word}", path.display());
        }
    }
}
