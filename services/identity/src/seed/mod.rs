//! One file that sets an installation up: tenants, clients, and in the sandbox people. TOML or
//! JSON, the same keys in both.

mod lines;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use siegel_kernel::TrustLevel;

use crate::client_config::ClientConfig;
use crate::domain::tenant::Tenant;
use crate::upstream_config::UpstreamConfig;
use lines::{Lines, line_at};

/// What a file may hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    pub tenants: Vec<Tenant>,
    pub clients: Vec<ClientConfig>,
    /// Accounts of others that may be used here.
    pub upstreams: Vec<UpstreamConfig>,
    /// Sandbox only.
    pub persons: Vec<PersonConfig>,
}

/// A person of a sandbox, who never went through the pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonConfig {
    /// Log-in name.
    pub email: String,
    pub password: SecretString,
    /// What the password proves here, and the attributes are worth.
    #[serde(default = "basic")]
    pub level: TrustLevel,
    /// Values by name of the catalogue (`given_name`, …).
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// `de` or `en`.
    #[serde(default = "german")]
    pub locale: String,
}

const fn basic() -> TrustLevel {
    TrustLevel::Basic
}

fn german() -> String {
    "de".to_owned()
}

/// A file that cannot be applied: which, where, why.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("cannot read {0}")]
    Read(String, #[source] std::io::Error),
    #[error("{file}{}: {problem}", line.map(|l| format!(":{l}")).unwrap_or_default())]
    Syntax { file: String, line: Option<usize>, problem: String },
    #[error("{file}{}: key {key}: {problem}", line.map(|l| format!(":{l}")).unwrap_or_default())]
    Key { file: String, line: Option<usize>, key: String, problem: String },
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Document {
    pub seed: Seed,
    /// Where files that it names relatively are looked for.
    pub base: PathBuf,
    name: String,
    text: String,
    lines: Lines,
    /// What the paths of the file lack.
    prefix: &'static str,
}

#[derive(Clone, Copy)]
enum Syntax {
    Toml,
    Json,
}

impl Syntax {
    fn parse<T: DeserializeOwned>(
        self,
        name: &str,
        text: &str,
        lines: &Lines,
    ) -> Result<T, SeedError> {
        match self {
            Self::Toml => parse_toml(name, text, lines),
            Self::Json => parse_json(name, text, lines),
        }
    }
}

/// Name, text, and whether it is JSON.
fn open(file: &Path) -> Result<(String, String, bool), SeedError> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|e| SeedError::Read(name.clone(), e))?;
    let json = match file.extension().and_then(|e| e.to_str()) {
        Some("json") => true,
        Some("toml") => false,
        _ => text.trim_start().starts_with('{'),
    };
    Ok((name, text, json))
}

fn base_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

fn parse_toml<T: DeserializeOwned>(name: &str, text: &str, lines: &Lines) -> Result<T, SeedError> {
    let place = |error: &toml::de::Error| error.span().map(|span| line_at(text, span.start));
    let reader = toml::Deserializer::parse(text).map_err(|error| SeedError::Syntax {
        file: name.to_owned(),
        line: place(&error),
        problem: error.message().to_owned(),
    })?;
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let key = error.path().to_string();
        SeedError::Key {
            file: name.to_owned(),
            line: lines.line(text, &key).or(place(error.inner())),
            key,
            problem: error.inner().message().to_owned(),
        }
    })
}

fn parse_json<T: DeserializeOwned>(name: &str, text: &str, lines: &Lines) -> Result<T, SeedError> {
    // A mistake of syntax first: a path would only say how far it was read.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let (line, problem) = (Some(error.line()), error.to_string());
        return Err(SeedError::Syntax { file: name.to_owned(), line, problem });
    }
    let reader = &mut serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let key = error.path().to_string();
        let full = error.inner().to_string();
        let problem = full.split(" at line ").next().unwrap_or_default().to_owned();
        let line = lines.line(text, &key).or(Some(error.inner().line()));
        SeedError::Key { file: name.to_owned(), line, key, problem }
    })
}

impl Document {
    /// Reads a file: TOML or JSON by its ending, whichever it is without one.
    pub fn read(file: &Path) -> Result<Self, SeedError> {
        let (name, text, json) = open(file)?;
        let read = if json { Self::from_json(&name, text)? } else { Self::from_toml(&name, text)? };
        Ok(Self { base: base_of(file), ..read })
    }

    /// Reads a file of clients, or of one whose keys stand at the top.
    pub fn read_clients(file: &Path) -> Result<Self, SeedError> {
        let (name, text, json) = open(file)?;
        let (syntax, lines) = if json {
            (Syntax::Json, Lines::of_json(&text))
        } else {
            (Syntax::Toml, Lines::of_toml(&text))
        };
        if lines.line(&text, "client_id").is_none() {
            return Self::read(file);
        }
        let client: ClientConfig = syntax.parse(&name, &text, &lines)?;
        let seed = Seed { clients: vec![client], ..Seed::default() };
        Ok(Self { seed, base: base_of(file), name, text, lines, prefix: "clients[0]." })
    }

    pub fn from_toml(name: &str, text: String) -> Result<Self, SeedError> {
        let lines = Lines::of_toml(&text);
        Ok(Self::of(Syntax::Toml.parse(name, &text, &lines)?, name, text, lines))
    }

    pub fn from_json(name: &str, text: String) -> Result<Self, SeedError> {
        let lines = Lines::of_json(&text);
        Ok(Self::of(Syntax::Json.parse(name, &text, &lines)?, name, text, lines))
    }

    fn of(seed: Seed, name: &str, text: String, lines: Lines) -> Self {
        let (name, base) = (name.to_owned(), PathBuf::new());
        Self { seed, base, name, text, lines, prefix: "" }
    }

    /// What is wrong with the value of `key` (`clients[2].redirect_uris`).
    pub fn problem(&self, key: impl Into<String>, problem: &dyn Display) -> SeedError {
        let key = key.into();
        let key = key.strip_prefix(self.prefix).unwrap_or(&key).to_owned();
        SeedError::Key {
            file: self.name.clone(),
            line: self.lines.line(&self.text, &key),
            key,
            problem: problem.to_string(),
        }
    }
}

impl From<Seed> for Document {
    /// What the program itself wants to be there.
    fn from(seed: Seed) -> Self {
        let (name, lines) = ("built in".to_owned(), Lines::default());
        Self { seed, base: PathBuf::new(), name, text: String::new(), lines, prefix: "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(text: &str) -> Result<Document, String> {
        Document::from_toml("a.toml", text.to_owned()).map_err(|e| e.to_string())
    }

    fn json(text: &str) -> Result<Document, String> {
        Document::from_json("a.json", text.to_owned()).map_err(|e| e.to_string())
    }

    #[test]
    fn both_forms_say_the_same() {
        let one = toml(
            "[[tenants]]\nid = \"t\"\n[[clients]]\nclient_id = \"a\"\nscope = \"openid\"\n\
             [[persons]]\nemail = \"a@b.example\"\npassword = \"p\"\nlevel = \"high\"\n\
             [persons.attributes]\ngiven_name = \"Erika\"",
        );
        let other = json(
            r#"{"tenants": [{"id": "t"}], "clients": [{"client_id": "a", "scope": "openid"}],
            "persons": [{"email": "a@b.example", "password": "p", "level": "high",
            "attributes": {"given_name": "Erika"}}]}"#,
        );
        let (one, other) = (one.unwrap().seed, other.unwrap().seed);
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        assert_eq!(one.persons[0].level, TrustLevel::High);
    }

    #[test]
    fn an_error_names_file_line_and_key() {
        let clients = "[[clients]]\nclient_id = \"a\"\n\n[[clients]]\nclient_id = \"b\"\n";
        let found = toml(&format!("{clients}redirect_uris = 3\n")).unwrap_err();
        assert!(found.starts_with("a.toml:6: key clients[1].redirect_uris: "), "{found}");
        let found = toml(&format!("{clients}colour = 3\n")).unwrap_err();
        assert!(found.starts_with("a.toml:6: key clients[1].colour: unknown field"), "{found}");
        let found = toml(&format!("{clients}scopes = [\"a\", 4]")).unwrap_err();
        assert!(found.starts_with("a.toml:6: key clients[1].scopes[1]: "), "{found}");
        let found = toml("[[clients]]\nname = \"a\"\n").unwrap_err();
        assert!(found.starts_with("a.toml:1: key clients[0]: missing field"), "{found}");
        let found = toml("a = \n").unwrap_err();
        assert!(found.starts_with("a.toml:1: "), "{found}");

        let clients = "{\"clients\": [\n{\"client_id\": \"a\"},\n{\"client_id\": \"b\",\n";
        let found = json(&format!("{clients}\"redirect_uris\": 3}}]}}")).unwrap_err();
        assert!(found.starts_with("a.json:4: key clients[1].redirect_uris: "), "{found}");
        assert!(!found.contains("column"), "{found}");
        let found = json(&format!("{clients}\"colour\": 3}}]}}")).unwrap_err();
        assert!(found.starts_with("a.json:4: key clients[1].colour: unknown field"), "{found}");
        let found = json(clients).unwrap_err();
        assert!(found.starts_with("a.json:"), "{found}");
    }

    #[test]
    fn a_secret_is_in_no_error_and_no_debug_text() {
        let person = "[[persons]]\nemail = \"a@b.example\"\npassword = \"geheim-7\"\n";
        let read = toml(person).unwrap();
        assert!(!format!("{:?}", read.seed).contains("geheim-7"));
        let found = toml(&format!("{person}level = \"top\"")).unwrap_err();
        assert!(!found.contains("geheim-7"), "{found}");
    }

    #[test]
    fn a_client_may_stand_alone_in_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        std::fs::write(&file, "{\n\"client_id\": \"a\",\n\"scope\": \"openid\"}").unwrap();
        let read = Document::read_clients(&file).unwrap();
        assert_eq!(read.seed.clients[0].client_id, "a");
        let problem = read.problem("clients[0].scope", &"is odd").to_string();
        assert!(problem.ends_with("a.json:3: key scope: is odd"), "{problem}");
        std::fs::write(&file, "{\"clients\": [{\"client_id\": \"b\"}]}").unwrap();
        assert_eq!(Document::read_clients(&file).unwrap().seed.clients[0].client_id, "b");
    }

    #[test]
    fn the_ending_tells_the_form_and_without_one_the_text_does() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in
            [("a.toml", ""), ("a.json", "{}"), ("a", "{}"), ("b", "[[tenants]]\nid = \"t\"")]
        {
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            let read = Document::read(&file).unwrap();
            assert_eq!(read.base, dir.path());
        }
        assert!(Document::read(&dir.path().join("absent.toml")).is_err());
    }
}
