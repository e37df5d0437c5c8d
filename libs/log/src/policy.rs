//! Which logs a verifier knows, and how many of which witnesses it asks for (C2SP `tlog-policy`).

use std::collections::BTreeMap;

use crate::{BadKey, NoteVerifier, SignedNote, Witness};

/// A verifier's policy. As text, one statement a line, `#` begins a comment:
/// ```text
/// log <vkey> [<url>]
/// witness <name> <vkey> [<url>]
/// group <name> all|any|<number> <name>…
/// quorum <name>|none
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<NoteVerifier>,
    /// What may be counted, by name; a group names only what stands above it.
    members: BTreeMap<String, Member>,
    quorum: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Witness { key: Witness, url: Option<String> },
    Group { needed: usize, of: Vec<String> },
}

/// A text that is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPolicy {
    #[error("line {0}: not a statement of a policy (log, witness, group, quorum)")]
    Statement(usize),
    #[error("line {line}: {source}")]
    Key { line: usize, source: BadKey },
    #[error("line {0}: the name is taken, or is `none`")]
    Name(usize),
    #[error("line {0}: it names what does not stand above it, or the same twice")]
    Unknown(usize),
    #[error("line {0}: a group asks for none of its members, or for more than it has")]
    Number(usize),
    #[error("a policy names a log and has one quorum")]
    Incomplete,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(text: &str) -> Result<Self, BadPolicy> {
        let mut policy = Self { logs: Vec::new(), members: BTreeMap::new(), quorum: None };
        let mut quorums = 0;
        for (line, content) in (1..).zip(text.lines()) {
            let words: Vec<&str> = content.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["log", key] | ["log", key, _] => {
                    let key = NoteVerifier::parse(key);
                    policy.logs.push(key.map_err(|source| BadPolicy::Key { line, source })?);
                }
                ["witness", name, key, url @ ..] if url.len() <= 1 => {
                    let key = Witness::parse(key);
                    let key = key.map_err(|source| BadPolicy::Key { line, source })?;
                    let url = url.first().map(|url| (*url).to_owned());
                    policy.add(line, name, Member::Witness { key, url })?;
                }
                ["group", name, needed, of @ ..] => {
                    let group = policy.group(line, needed, of)?;
                    policy.add(line, name, group)?;
                }
                ["quorum", name] => {
                    quorums += 1;
                    if *name != "none" {
                        policy.known(line, &[*name])?;
                        policy.quorum = Some((*name).to_owned());
                    }
                }
                _ => return Err(BadPolicy::Statement(line)),
            }
        }
        let whole = quorums == 1 && !policy.logs.is_empty();
        if whole { Ok(policy) } else { Err(BadPolicy::Incomplete) }
    }

    fn add(&mut self, line: usize, name: &str, member: Member) -> Result<(), BadPolicy> {
        if name == "none" || self.members.contains_key(name) {
            return Err(BadPolicy::Name(line));
        }
        self.members.insert(name.to_owned(), member);
        Ok(())
    }

    fn group(&self, line: usize, needed: &str, of: &[&str]) -> Result<Member, BadPolicy> {
        self.known(line, of)?;
        let needed = match needed {
            "all" => of.len(),
            "any" => 1,
            number => number.parse().map_err(|_| BadPolicy::Number(line))?,
        };
        if needed == 0 || needed > of.len() {
            return Err(BadPolicy::Number(line));
        }
        Ok(Member::Group { needed, of: of.iter().map(|name| (*name).to_owned()).collect() })
    }

    fn known(&self, line: usize, names: &[&str]) -> Result<(), BadPolicy> {
        let known = names.iter().all(|name| self.members.contains_key(*name));
        let once =
            (1..names.len()).all(|at| !names.iter().take(at).any(|n| names.get(at) == Some(n)));
        if known && once { Ok(()) } else { Err(BadPolicy::Unknown(line)) }
    }

    /// The logs, as the verifier knows them.
    pub fn logs(&self) -> &[NoteVerifier] {
        &self.logs
    }

    /// Names, keys and, where they are named, addresses of the witnesses.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, &Witness, Option<&str>)> {
        self.members.iter().filter_map(|(name, member)| match member {
            Member::Witness { key, url } => Some((name.as_str(), key, url.as_deref())),
            Member::Group { .. } => None,
        })
    }

    /// The names of those witnesses whose cosignatures under the note hold.
    pub fn cosigners(&self, note: &SignedNote) -> Vec<String> {
        let held = self.witnesses().filter(|(_, key, _)| key.verify(note).is_ok());
        held.map(|(name, ..)| name.to_owned()).collect()
    }

    /// Whether these witnesses are enough.
    pub fn is_met_by(&self, seen: &[String]) -> bool {
        self.quorum.as_deref().is_none_or(|name| self.counts(name, seen))
    }

    fn counts(&self, name: &str, seen: &[String]) -> bool {
        match self.members.get(name) {
            Some(Member::Witness { .. }) => seen.iter().any(|witness| witness == name),
            Some(Member::Group { needed, of }) => {
                of.iter().filter(|name| self.counts(name, seen)).count() >= *needed
            }
            None => false,
        }
    }
}
