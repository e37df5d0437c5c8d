//! The archive's page for people: plain HTML, read in any browser without a network.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Kept, Parts};

const HEAD: &str = "<!doctype html>\n<html lang=\"de\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
    <title>Mein Konto</title>\n<style>body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.4rem;text-align:left;\
    vertical-align:top}</style>\n</head>\n<body>\n<main>\n<h1>Mein Konto <span lang=\"en\">· My account</span></h1>\n";

/// A table of the page: heading, where its rows are, and which fields are shown under which names.
type Section<'a> = (&'a str, &'a Value, &'a [(&'a str, &'a str)]);

const MANDATE: [(&str, &str); 5] = [
    ("to", "An"),
    ("package", "Umfang"),
    ("state", "Stand"),
    ("validUntil", "Gilt bis"),
    ("uses", "Verwendet"),
];

/// The page about the parts of the archive.
pub fn html(parts: &Parts, kept: &[Kept], mailbox: bool) -> String {
    let Parts { account, log_in, organisations, mandates } = parts;
    let sections: [Section<'_>; 8] = [
        (
            "Angaben · Data",
            part(account, "attributes"),
            &[
                ("name", "Angabe"),
                ("value", "Wert"),
                ("source", "Herkunft"),
                ("level", "Vertrauensniveau"),
                ("recorded_at", "Seit"),
                ("superseded_at", "Bis"),
            ],
        ),
        (
            "Einwilligungen · Consents",
            part(account, "consents"),
            &[
                ("client_name", "Empfänger"),
                ("attributes", "Angaben"),
                ("purpose", "Zweck"),
                ("given_at", "Erteilt"),
                ("ended_at", "Beendet"),
            ],
        ),
        (
            "Weitergaben · Disclosures",
            part(account, "disclosures"),
            &[
                ("client_name", "Empfänger"),
                ("attributes", "Angaben"),
                ("purpose", "Zweck"),
                ("at", "Wann"),
            ],
        ),
        (
            "Anmeldearten · Credentials",
            part(log_in, "credentials"),
            &[
                ("kind", "Art"),
                ("label", "Name"),
                ("addedAt", "Hinzugefügt"),
                ("lastUsedAt", "Zuletzt verwendet"),
            ],
        ),
        (
            "Anmeldungen · Log-ins",
            part(log_in, "sign_ins"),
            &[("at", "Wann"), ("method", "Womit"), ("device", "Gerät"), ("sector", "Wofür")],
        ),
        (
            "Organisationen · Organisations",
            part(organisations, "organisations"),
            &[("name", "Name"), ("role", "Rolle")],
        ),
        ("Erteilte Vollmachten · Mandates given", part(mandates, "given"), &MANDATE),
        ("Erhaltene Vollmachten · Mandates received", part(mandates, "received"), &MANDATE),
    ];
    let mut page = HEAD.to_owned();
    for section in &sections {
        table(&mut page, section);
    }
    files(&mut page, kept);
    page.push_str("<h2>Postfach · Mailbox</h2>\n");
    page.push_str(if mailbox {
        "<p><a href=\"mailbox.zip\">mailbox.zip</a></p>\n"
    } else {
        "<p>Es gibt keines. <span lang=\"en\">There is none.</span></p>\n"
    });
    page.push_str(
        "<p>Für Maschinen · For machines: <a href=\"account.json\">account.json</a>, \
         <a href=\"log-in.json\">log-in.json</a>, \
         <a href=\"organisations.json\">organisations.json</a>, \
         <a href=\"mandates.json\">mandates.json</a></p>\n</main>\n</body>\n</html>\n",
    );
    page
}

/// The documents of the safe, as links.
fn files(page: &mut String, kept: &[Kept]) {
    page.push_str("<h2>Dokumente · Documents</h2>\n<ul>\n");
    for Kept { document, file } in kept {
        let way = file.split('/').map(encode).collect::<Vec<_>>().join("/");
        let (name, issuer) = (escape(&document.name), escape(&document.issuer));
        let from = if issuer.is_empty() { issuer } else { format!(" · {issuer}") };
        let _ = writeln!(page, "<li><a href=\"{way}\">{name}</a>{from}</li>");
    }
    page.push_str("</ul>\n");
}

fn encode(segment: &str) -> String {
    // A form's plus is no blank in a path.
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A field of a part; nothing when it has none.
fn part<'a>(whole: &'a Value, name: &str) -> &'a Value {
    whole.get(name).unwrap_or(&Value::Null)
}

fn table(page: &mut String, (heading, rows, fields): &Section<'_>) {
    let _ = writeln!(page, "<h2>{heading}</h2>\n<table>\n<thead><tr>");
    for (_, name) in *fields {
        let _ = write!(page, "<th scope=\"col\">{name}</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows.as_array().into_iter().flatten() {
        page.push_str("<tr>");
        for (field, _) in *fields {
            let _ = write!(page, "<td>{}</td>", escape(&words(part(row, field))));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
}

/// A value for people: a party by its name, texts one after the other, how many of anything else.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        Value::Array(all) => {
            let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
            texts.map_or_else(|| all.len().to_string(), |texts| texts.join(", "))
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use siegel_proto::account::v1::Document;

    use super::*;

    #[test]
    fn what_people_wrote_is_text_on_the_page() {
        let account = json!({"attributes": [{"name": "telephone", "value": "<b>0</b>"}]});
        let (log_in, organisations, mandates) = (json!({}), json!({}), json!({}));
        let parts = Parts { account, log_in, organisations, mandates };
        let name = "<b>1</b>".to_owned();
        let kept = Kept::from((0, Document { name, ..Document::default() }));
        let page = html(&parts, &[kept], false);
        assert!(page.contains("&lt;b&gt;0&lt;/b&gt;"), "{page}");
        assert!(!page.contains("<b>"), "{page}");
    }
}
