use std::path::Path;

use config::{Config, Environment, File, FileFormat};
use serde::de::DeserializeOwned;

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {0}")]
    File(String, #[source] std::io::Error),
    /// Names the key and what is wrong with it.
    #[error("the configuration is not valid: {0}")]
    Invalid(String),
}

/// Reads `file` (TOML), then `SIEGEL__TABLE__KEY` from the environment. Unknown keys are errors.
pub fn load<T: DeserializeOwned>(file: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| ConfigError::File(file.display().to_string(), e))?;
    let environment = Environment::with_prefix("SIEGEL").prefix_separator("__").separator("__");
    Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .add_source(environment.try_parsing(true))
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|e| ConfigError::Invalid(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        port: u16,
    }

    fn with(text: &str) -> Result<Own, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("siegel.toml");
        std::fs::write(&file, text).unwrap();
        load(&file)
    }

    #[test]
    fn a_known_key_is_read() {
        assert_eq!(with("port = 80").unwrap().port, 80);
    }

    #[test]
    fn an_unknown_key_is_named_in_the_error() {
        let error = with("port = 80\nprot = 81").unwrap_err().to_string();
        assert!(error.contains("prot"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named_in_the_error() {
        let error = load::<Own>(Path::new("no/such.toml")).unwrap_err().to_string();
        assert!(error.contains("no/such.toml"), "{error}");
    }
}
