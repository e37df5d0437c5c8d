//! The archive's page for people: plain HTML, read in any browser without a network.

use std::fmt::Write as _;

use crate::domain::canon::Content;

/// A letter on the page.
pub struct Row {
    pub folder: String,
    pub authority: String,
    pub subject: String,
    pub provided_at: String,
    pub content: &'static str,
    pub files: Vec<String>,
    pub proof: bool,
}

const HEAD: &str = "<!doctype html>\n<html lang=\"de\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <title>Postfach</title>\n<style>body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.4rem;text-align:left;\
    vertical-align:top}</style>\n</head>\n<body>\n<main>\n<h1>Postfach <span lang=\"en\">· Mailbox</span></h1>\n\
    <p>Ungeöffnete Briefe sind nur aufgeführt: diese Ausfuhr hat keinen Brief geöffnet.</p>\n\
    <p lang=\"en\">Unopened letters are only listed: this export opened no letter.</p>\n\
    <p><a href=\"index.json\">index.json</a></p>\n\
    <table>\n<thead><tr><th scope=\"col\">Bereitgestellt</th><th scope=\"col\">Behörde</th>\
    <th scope=\"col\">Betreff</th><th scope=\"col\">Inhalt</th></tr></thead>\n<tbody>\n";

pub fn html(rows: &[Row]) -> String {
    let mut page = HEAD.to_owned();
    for row in rows {
        let mut links = Vec::new();
        if row.content == "included" {
            links.push(link(&format!("{}letter.txt", row.folder), "Brief"));
        } else {
            links.push(words(row.content).to_owned());
        }
        links.extend(row.files.iter().map(|file| {
            let name = file.rsplit('/').next().unwrap_or(file);
            link(file, name)
        }));
        if row.proof {
            links.push(link(&format!("{}proof/README.txt", row.folder), "Nachweis"));
        }
        let hidden = |text: &str| if text.is_empty() { "(verborgen)".into() } else { escape(text) };
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&row.provided_at),
            hidden(&row.authority),
            hidden(&row.subject),
            links.join("<br>")
        );
    }
    page.push_str("</tbody>\n</table>\n</main>\n</body>\n</html>\n");
    page
}

fn words(content: &str) -> &'static str {
    match content {
        "unopened" => "ungeöffnet <span lang=\"en\">(unopened)</span>",
        "level_too_low" => {
            "braucht ein höheres Vertrauensniveau <span lang=\"en\">(needs a higher level)</span>"
        }
        "never_opened" => "nie geöffnet <span lang=\"en\">(never opened)</span>",
        _ => "nicht mehr abrufbar <span lang=\"en\">(no longer available)</span>",
    }
}

/// The letter's texts, one after the other.
pub fn text(content: &Content) -> String {
    let mut text = format!("{}\n{}\n", content.sender.authority, content.subject);
    for body in &content.bodies {
        let _ = write!(text, "\n[{}]\n{}\n", body.language, body.plain_text);
        if !body.easy_text.is_empty() {
            let _ = write!(text, "\n[{}, leicht / easy]\n{}\n", body.language, body.easy_text);
        }
    }
    text
}

fn link(path: &str, name: &str) -> String {
    let href: String = path.bytes().fold(String::new(), |mut href, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                href.push(char::from(byte));
            }
            other => {
                let _ = write!(href, "%{other:02X}");
            }
        }
        href
    });
    format!("<a href=\"{href}\">{}</a>", escape(name))
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_letters_are_text_on_the_page_and_names_of_files_are_links() {
        let row = Row {
            folder: "letters/1/".into(),
            authority: "Amt".into(),
            subject: "<script>alert(1)</script> & \"mehr\"".into(),
            provided_at: String::new(),
            content: "included",
            files: vec!["letters/1/attachments/01-a \"b\"&c.pdf".into()],
            proof: true,
        };
        let page = html(&[row]);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;mehr&quot;"));
        assert!(!page.contains("<script"));
        assert!(page.contains("href=\"letters/1/attachments/01-a%20%22b%22%26c.pdf\""));
    }
}
