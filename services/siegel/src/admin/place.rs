//! What an operator works on: the database of identity, by the settings that its service has.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use siegel_crypto::SystemEntropy;
use siegel_db::Db;
use siegel_egress::Egress;
use siegel_grpc::{InProcess, Outside, Siblings, SiblingsSettings};
use siegel_identity::{Config, Identity, Keys};
use siegel_kernel::{Entropy, SystemClock};

use crate::cli::PlaceArgs;
use crate::settings::Settings;
use crate::suite;

/// Where settings are when nobody says.
const SETTINGS: &str = "siegel.toml";
const DATA: &str = "siegel-data";

/// The settings of the installation, or of the sandbox in a data directory.
pub fn settings(place: &PlaceArgs) -> anyhow::Result<(Settings, bool)> {
    let file = place.config.as_deref().or_else(|| Some(Path::new(SETTINGS)).filter(|f| f.exists()));
    match (&place.data, file) {
        (None, Some(file)) => Ok((Settings::load("", Some(file))?, false)),
        (data, _) => {
            let data = data.as_deref().unwrap_or(Path::new(DATA));
            let settings = crate::up::settings_of(data, place.database_url.as_deref())?;
            Ok((settings, true))
        }
    }
}

/// Opens identity's database; brings that of a sandbox up to date.
pub async fn open(settings: &Settings, sandbox: bool) -> anyhow::Result<Identity> {
    let db = suite::open(settings, "identity").await?;
    if sandbox {
        db.migrate(&siegel_identity::MIGRATIONS).await.context("[identity]")?;
    }
    identity(settings, db, InProcess::default())
}

/// Identity's use cases on this database. `registry`: siblings that run in this process.
pub fn identity(settings: &Settings, db: Db, registry: InProcess) -> anyhow::Result<Identity> {
    let outside = outside(settings, "identity", db, registry)?;
    let config: Config = settings.service("identity")?;
    let keys = Keys::load(&config, !settings.profile.is_production(), &*outside.entropy)?;
    Ok(Identity::new(config, outside, keys)?)
}

/// What a service's use cases need around them.
pub fn outside(
    settings: &Settings,
    service: &str,
    db: Db,
    registry: InProcess,
) -> anyhow::Result<Outside> {
    let clock = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let own = SiblingsSettings {
        own: service.to_owned(),
        thumbprint: suite::in_process_thumbprint()?,
        origin: settings.origin.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    Ok(Outside {
        clock: clock.clone(),
        legal_clock: clock,
        entropy,
        db,
        siblings: Siblings::in_process(own, registry),
        egress: Egress::new(&settings.egress, settings.profile)?,
        profile: settings.profile,
        origin: settings.origin.clone(),
        mtls_origin: settings.listen.mtls_origin.clone(),
    })
}
