//! Helps crates test their language files.

use std::collections::BTreeSet;

/// The message keys of a Fluent file, with their attributes (`key.attribute`).
pub fn keys(ftl: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut message = String::new();
    for line in ftl.lines() {
        let Some((name, _)) = line.split_once('=') else { continue };
        let name = name.trim_end();
        let word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        if word(name) {
            name.clone_into(&mut message);
            found.insert(message.clone());
        } else if let Some(attribute) = name.trim_start().strip_prefix('.').filter(|a| word(a)) {
            found.insert(format!("{message}.{attribute}"));
        }
    }
    found
}

/// Fails unless both files have the same messages, naming those that only one of them has.
///
/// # Panics
/// When a key is missing on either side.
pub fn assert_same_keys(de_ftl: &str, en_ftl: &str) {
    let (de, en) = (keys(de_ftl), keys(en_ftl));
    let only_de: Vec<_> = de.difference(&en).collect();
    let only_en: Vec<_> = en.difference(&de).collect();
    assert!(
        only_de.is_empty() && only_en.is_empty(),
        "only in German: {only_de:?}; only in English: {only_en:?}"
    );
}

/// Fails unless every text asked for in `sources` (`t.get("…")`, `t.with("…")`) is in `ftl`.
/// Keys put together at run time are not seen.
///
/// # Panics
/// When a key is asked for and not there.
pub fn assert_texts_exist(sources: &[&str], ftl: &str) {
    let known = keys(ftl);
    let calls = |source: &&'_ str| -> Vec<String> {
        [".get(\"", ".with(\""]
            .iter()
            .flat_map(|call| source.split(call).skip(1))
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect()
    };
    let missing: BTreeSet<_> =
        sources.iter().flat_map(calls).filter(|key| !known.contains(key)).collect();
    assert!(missing.is_empty(), "asked for and not there: {missing:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_of_this_crate_have_the_same_texts() {
        assert_same_keys(
            include_str!("../locales/de/web.ftl"),
            include_str!("../locales/en/web.ftl"),
        );
    }

    #[test]
    fn keys_are_messages_and_attributes_not_variants() {
        let ftl =
            "a = x\nb-c = { $n ->\n   [one] eins = 1\n  *[other] zwei\n}\n    .title = T\n# d = e";
        assert_eq!(keys(ftl).into_iter().collect::<Vec<_>>(), ["a", "b-c", "b-c.title"]);
    }

    #[test]
    #[should_panic(expected = "only in German: [\"b\"]")]
    fn a_text_in_one_language_only_is_named() {
        assert_same_keys("a = 1\nb = 2", "a = 1");
    }

    #[test]
    #[should_panic(expected = "asked for and not there: {\"b\"}")]
    fn a_text_that_is_asked_for_must_exist() {
        assert_texts_exist(&[r#"t.get("a") t.with("b", [])"#], "a = 1");
    }
}
