//! The HTML a letter may be written in: a short list of elements, links to `https` only. What is not
//! on the list is refused, never taken out: receipts are about what the sender sent.

use std::cell::RefCell;

use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::action::is_https;

/// Elements with an end tag. None of them changes how the text after it is read, as `script` does.
const ELEMENTS: [&str; 14] =
    ["p", "strong", "em", "b", "i", "u", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a"];
/// Elements without one.
const VOID: [&str; 1] = ["br"];
/// Open elements at a time.
const DEPTH: usize = 32;

/// What is wrong with the HTML of a text; nothing with an empty one.
pub fn check(html: &str) -> Result<(), &'static str> {
    if html.is_empty() {
        return Ok(());
    }
    let input = BufferQueue::default();
    input.push_back(html.into());
    let opts = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Checker::default(), opts);
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let state = tokenizer.sink.0.borrow();
    match (state.problem, state.open.is_empty()) {
        (Some(problem), _) => Err(problem),
        (None, false) => Err("leaves an element open"),
        (None, true) => Ok(()),
    }
}

#[derive(Default)]
struct Checker(RefCell<State>);

#[derive(Default)]
struct State {
    /// The first one found.
    problem: Option<&'static str>,
    open: Vec<String>,
}

impl TokenSink for Checker {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        let found = match token {
            Token::TagToken(tag) => state.tag(&tag),
            Token::CharacterTokens(_) | Token::EOFToken => Ok(()),
            Token::CommentToken(_) => Err("must not hold comments"),
            Token::DoctypeToken(_) => Err("must be a part of a page, not a page"),
            // What is read in two ways is not taken.
            Token::NullCharacterToken | Token::ParseError(_) => Err("is not well-formed HTML"),
        };
        if let Err(problem) = found {
            state.problem.get_or_insert(problem);
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn tag(&mut self, tag: &Tag) -> Result<(), &'static str> {
        let name: &str = &tag.name;
        if VOID.contains(&name) && tag.kind == TagKind::StartTag {
            return attributes(tag);
        }
        if !ELEMENTS.contains(&name) {
            return Err("holds an element that is not allowed");
        }
        if tag.kind == TagKind::EndTag {
            let closed = self.open.pop();
            return if closed.as_deref() == Some(name) {
                Ok(())
            } else {
                Err("closes an element that is not open")
            };
        }
        if tag.self_closing || self.open.len() >= DEPTH {
            return Err("is not well-formed HTML");
        }
        self.open.push(name.to_owned());
        attributes(tag)
    }
}

fn attributes(tag: &Tag) -> Result<(), &'static str> {
    let link = &*tag.name == "a";
    for attribute in &tag.attrs {
        if !link || &*attribute.name.local != "href" {
            return Err("holds an attribute that is not allowed");
        }
        if !is_https(&attribute.value) {
            return Err("holds a link that is not https");
        }
    }
    if link && tag.attrs.is_empty() { Err("holds a link without an address") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_listed_elements_and_https_links_passes() {
        for good in [
            "",
            "Guten Tag",
            "<p>Guten Tag,<br>anbei <strong>der Bescheid</strong> &amp; mehr &ndash; A & B.</p>",
            "<h2>Frist</h2><ul><li>eins</li><li><a href=\"https://amt.example/x?a=1&amp;b=2\">zwei</a></li></ul>",
            "<P>Gro\u{df}</P><br/>",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "<script>alert(1)</script>",
            "<p onclick=\"alert(1)\">x</p>",
            "<p style=\"color:red\">x</p>",
            "<img src=x onerror=alert(1)>",
            "<a href=\"http://amt.example\">x</a>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"&#106;avascript:alert(1)\">x</a>",
            "<a href=\"//amt.example\">x</a>",
            "<a href=\"https://amt.example\" target=_blank>x</a>",
            "<a>x</a>",
            "<svg><a href=\"https://amt.example\">x</a></svg>",
            "<!-- x -->",
            "<!doctype html><p>x</p>",
            "<![CDATA[x]]>",
            "<?xml version=\"1.0\"?>",
            "<p>offen",
            "zu</p>",
            "<p><strong>x</p></strong>",
            "<p/>",
            "<p",
            "<style>p{}</style>",
            "<textarea><p></textarea>",
            "<iframe></iframe>",
            "<form></form>",
            "<p id=x>x</p>",
            "a < b <!",
            "x\u{0}y",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_depth_of_elements_costs_more_than_its_refusal() {
        assert!(check(&"<ul><li>".repeat(20_000)).is_err());
    }
}
