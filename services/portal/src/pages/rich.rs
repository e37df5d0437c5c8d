//! HTML of letters. The postbox takes a short list of elements only; here the text is taken apart
//! again and written anew from the same list, so that nothing reaches a page because somebody else
//! checked it. What is not on the list leaves the plain text, which every letter has.

use std::cell::RefCell;
use std::fmt::Write as _;

use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

/// Elements with an end tag, and how they look here.
const ELEMENTS: [(&str, &str); 14] = [
    ("p", "kern-body"),
    ("strong", ""),
    ("em", ""),
    ("b", ""),
    ("i", ""),
    ("u", ""),
    ("h2", "kern-heading-medium"),
    ("h3", "kern-heading-small"),
    ("h4", "kern-heading-small"),
    ("ul", ""),
    ("ol", ""),
    ("li", ""),
    ("blockquote", ""),
    ("a", "kern-link"),
];
/// Open elements at a time.
const DEPTH: usize = 32;

/// The HTML as it may stand in a page; `None` for none, and for any that is not on the list.
pub fn shown(html: &str) -> Option<String> {
    if html.trim().is_empty() {
        return None;
    }
    let input = BufferQueue::default();
    input.push_back(html.into());
    let opts = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Writer::default(), opts);
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let State { written, open, refused } = tokenizer.sink.0.take();
    (!refused && open.is_empty()).then_some(written)
}

#[derive(Default)]
struct Writer(RefCell<State>);

#[derive(Default)]
struct State {
    written: String,
    open: Vec<&'static str>,
    refused: bool,
}

impl TokenSink for Writer {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        let taken = match token {
            Token::TagToken(tag) => state.tag(&tag),
            Token::CharacterTokens(text) => {
                escape(&mut state.written, &text);
                Some(())
            }
            Token::EOFToken => Some(()),
            Token::CommentToken(_)
            | Token::DoctypeToken(_)
            | Token::NullCharacterToken
            | Token::ParseError(_) => None,
        };
        state.refused |= taken.is_none();
        TokenSinkResult::Continue
    }
}

impl State {
    /// Writes a tag that is on the list.
    fn tag(&mut self, tag: &Tag) -> Option<()> {
        let name: &str = &tag.name;
        if name == "br" && tag.kind == TagKind::StartTag && tag.attrs.is_empty() {
            self.written.push_str("<br>");
            return Some(());
        }
        let (name, class) = ELEMENTS.into_iter().find(|(known, _)| *known == name)?;
        if tag.kind == TagKind::EndTag {
            self.open.pop().filter(|open| *open == name)?;
            let _ = write!(self.written, "</{name}>");
            return Some(());
        }
        if tag.self_closing || self.open.len() >= DEPTH {
            return None;
        }
        let link = address(tag).ok()?;
        self.open.push(name);
        let _ = write!(self.written, "<{name}");
        if !class.is_empty() {
            let _ = write!(self.written, " class=\"{class}\"");
        }
        if let Some(link) = link {
            self.written.push_str(" href=\"");
            escape(&mut self.written, link.as_str());
            self.written.push_str("\" rel=\"noopener noreferrer\"");
        }
        self.written.push('>');
        Some(())
    }
}

/// An attribute that is not on the list.
struct NotListed;

/// Where a link leads; only links have attributes, and only this one.
fn address(tag: &Tag) -> Result<Option<Url>, NotListed> {
    if &*tag.name != "a" {
        return if tag.attrs.is_empty() { Ok(None) } else { Err(NotListed) };
    }
    let [href] = tag.attrs.as_slice() else { return Err(NotListed) };
    let url = Url::parse(&href.value).map_err(|_| NotListed)?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    if plain && &*href.name.local == "href" { Ok(Some(url)) } else { Err(NotListed) }
}

fn escape(to: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            c => to.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_elements_are_written_anew_with_their_looks_and_escaped_text() {
        let html = "<h2>Frist</h2><p>Gruß &amp; <b>Kuss</b>: \"a\" &lt;b&gt;<br>zwei</p>";
        let expected = "<h2 class=\"kern-heading-medium\">Frist</h2><p class=\"kern-body\">Gruß \
                        &amp; <b>Kuss</b>: &quot;a&quot; &lt;b&gt;<br>zwei</p>";
        assert_eq!(shown(html).as_deref(), Some(expected));
    }

    #[test]
    fn a_link_leads_to_https_only_and_tells_nobody_where_it_stood() {
        let html = "<a href=\"https://amt.example/x?a=1&amp;b=%22\">mehr</a>";
        let expected = "<a class=\"kern-link\" href=\"https://amt.example/x?a=1&amp;b=%22\" \
                        rel=\"noopener noreferrer\">mehr</a>";
        assert_eq!(shown(html).as_deref(), Some(expected));
        for bad in [
            "<a href=\"http://amt.example\">x</a>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"//amt.example\">x</a>",
            "<a href=\"https://bank@amt.example\">x</a>",
            "<a href=\"https://amt.example\" onclick=\"x()\">x</a>",
            "<a>x</a>",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_not_on_the_list_leaves_the_plain_text() {
        for bad in [
            "",
            " \n",
            "<script>alert(1)</script>",
            "<img src=https://tracker.example/x.png>",
            "<p onmouseover=\"x()\">a</p>",
            "<p style=\"position:fixed\">a</p>",
            "<svg><a href=\"https://a.example\">x</a></svg>",
            "<iframe src=\"https://a.example\"></iframe>",
            "<form action=\"https://a.example\"></form>",
            "<p>a",
            "</section><p>a</p>",
            "<p>a<!-- b --></p>",
            "<b><i>a</b></i>",
            "<style>p{}</style>",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
