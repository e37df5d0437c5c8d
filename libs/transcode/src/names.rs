//! Field names: `sender_reference` in the protocol, `senderReference` in JSON.

/// A path of protocol names in JSON names: `letter.bodies[0].plain_text` to
/// `letter.bodies[0].plainText`.
pub(crate) fn json_path(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut upper = false;
    for letter in path.chars() {
        match letter {
            '_' => upper = true,
            _ if upper => {
                text.extend(letter.to_uppercase());
                upper = false;
            }
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_named_as_the_caller_wrote_the_field() {
        assert_eq!(json_path("letter.bodies[0].plain_text"), "letter.bodies[0].plainText");
        assert_eq!(json_path("page_size"), "pageSize");
    }
}
