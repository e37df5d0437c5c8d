use std::borrow::Cow;

use sqlx::migrate::Migrator;

use crate::{Db, DbError};

/// The migrations of one service, in both dialects, with the same names:
/// `Migrations { sqlite: sqlx::migrate!("migrations/sqlite"), postgres: … }`. A service's own
/// migrations start at 0100; those below belong to this crate.
pub struct Migrations {
    pub sqlite: Migrator,
    pub postgres: Migrator,
}

/// The tables every service has.
pub static COMMON: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

impl Db {
    /// Brings the schema up to date: the common tables, then the service's own.
    pub async fn migrate(&self, own: &Migrations) -> Result<(), DbError> {
        match self {
            Self::Sqlite { write, .. } => {
                together(&COMMON.sqlite, &own.sqlite).run(write).await?;
            }
            Self::Postgres(pool) => together(&COMMON.postgres, &own.postgres).run(pool).await?,
        }
        Ok(())
    }
}

fn together(common: &Migrator, own: &Migrator) -> Migrator {
    let all = common.iter().chain(own.iter()).cloned().collect();
    Migrator { migrations: Cow::Owned(all), ..Migrator::DEFAULT }
}

impl Migrations {
    /// Versions and names that stand in one dialect only; empty when the folders agree.
    pub fn differences(&self) -> Vec<String> {
        let names = |m: &Migrator| -> Vec<String> {
            m.iter().map(|x| format!("{:04}_{}", x.version, x.description)).collect()
        };
        let (sqlite, postgres) = (names(&self.sqlite), names(&self.postgres));
        let only = |a: &[String], b: &[String], dialect: &str| -> Vec<String> {
            let missing = a.iter().filter(|name| !b.contains(name));
            missing.map(|name| format!("{name} only for {dialect}")).collect()
        };
        [only(&sqlite, &postgres, "SQLite"), only(&postgres, &sqlite, "PostgreSQL")].concat()
    }
}
