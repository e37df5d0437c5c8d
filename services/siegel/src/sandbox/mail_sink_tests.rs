use super::*;

async fn sink() -> SandboxMailSink {
    SandboxMailSink::start().await.unwrap()
}

/// Says each line, waits for its answer (but not after the first part of DATA), returns the codes.
async fn talk(sink: &SandboxMailSink, lines: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(sink.addr).await.unwrap());
    let mut codes = Vec::new();
    for line in std::iter::once(&"").chain(lines) {
        if !line.is_empty() {
            stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        }
        let mut answer = String::new();
        while stream.read_line(&mut answer).await.unwrap() > 0 {
            let last = answer.trim_end().lines().last().unwrap_or_default();
            if last.as_bytes().get(3) != Some(&b'-') {
                codes.push(last.chars().take(3).collect());
                break;
            }
        }
    }
    codes
}

const START: [&str; 4] = ["EHLO me", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"];

async fn send(sink: &SandboxMailSink, data: &str) -> Vec<String> {
    let lines: Vec<&str> = START.into_iter().chain([data, "QUIT"]).collect();
    talk(sink, &lines).await
}

#[tokio::test]
async fn a_mail_is_kept_with_its_dots_unstuffed() {
    let sink = sink().await;
    let codes = send(&sink, "Subject: x\r\n\r\n..one\r\n...two\r\n.").await;
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    let mail = sink.mail(1).unwrap();
    assert_eq!(mail.raw, b"Subject: x\r\n\r\n.one\r\n..two\r\n");
    assert_eq!(mail.to, ["c@d.example"]);
}

#[tokio::test]
async fn only_the_last_200_mails_are_kept_newest_first() {
    let sink = sink().await;
    for i in 0..202 {
        sink.shared.keep(vec![], format!("{i}").into_bytes());
    }
    let mails = sink.mails();
    assert_eq!((mails.len(), mails[0].id, mails[199].id), (200, 202, 3));
    assert!(sink.mail(2).is_none());
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_and_the_next_one_kept() {
    let sink = sink().await;
    let large = format!("{}.", format!("{}\r\n", "x".repeat(1000)).repeat(1100));
    let mut lines = START.to_vec();
    lines.push(&large);
    lines.extend(&START[1..]);
    lines.push("small\r\n.");
    let codes = talk(&sink, &lines).await;
    assert_eq!(codes[5], "552");
    assert_eq!(codes.last().unwrap(), "250");
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let sink = sink().await;
    let codes = talk(&sink, &["DATA", "RCPT TO:<a@b>", "VRFY x", "MAIL FROM:<>", "RCPT x"]).await;
    assert_eq!(codes, ["220", "503", "503", "502", "250", "501"]);
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_client_that_breaks_off_leaves_no_mail() {
    let sink = sink().await;
    let mut stream = TcpStream::connect(sink.addr).await.unwrap();
    let half = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhalf a mail\r\n";
    stream.write_all(half.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn an_endless_line_ends_the_conversation() {
    let sink = sink().await;
    let mut stream = TcpStream::connect(sink.addr).await.unwrap();
    let _ = stream.write_all(&[b'x'; 8192]).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("500 "), "{answer}");
}

#[tokio::test]
async fn the_port_closes_when_the_sink_is_dropped() {
    let sink = sink().await;
    let addr = sink.addr;
    drop(sink);
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
