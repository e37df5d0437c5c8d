//! Archives that would unpack into far more than they are, found by their directory: it stands at
//! the end, so the last bytes of the stream suffice, and nothing is unpacked here.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;

/// How much of the end is kept: room for the directory of some ten thousand files.
const TAIL: usize = 2 * 1024 * 1024;
/// Files in one archive.
const FILES: usize = 10_000;
/// Bytes that an archive unpacks to, in all.
const UNPACKED: u64 = 4 * 1024 * 1024 * 1024;
/// Times of its own size: deflate does not reach more than about a thousand, documents some ten.
const RATIO: u64 = 100;
/// What any archive may unpack to, whatever its ratio.
const SMALL: u64 = 16 * 1024 * 1024;

/// Whether content of this type unpacks.
pub(super) fn unpacks(media_type: &str) -> bool {
    media_type == "application/zip"
        || media_type.starts_with("application/vnd.openxmlformats-officedocument.")
        || media_type.starts_with("application/vnd.oasis.opendocument.")
        || media_type.ends_with("+zip")
}

/// The end of content that streams by.
#[derive(Debug, Default)]
pub struct Tail {
    kept: Vec<u8>,
    length: u64,
}

impl Tail {
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.kept.extend_from_slice(bytes);
        // Cut seldom: each byte is moved twice at most.
        if self.kept.len() > 2 * TAIL {
            self.kept.drain(..self.kept.len() - TAIL);
        }
    }

    /// Whether the archive says what it holds, and holds a reasonable amount.
    pub fn safe(self) -> bool {
        let length = self.length;
        let start = length - self.kept.len() as u64;
        let window = Window { kept: self.kept, start, length, at: 0 };
        let Ok(archive) = ZipArchive::new(window) else { return false };
        if archive.len() > FILES || archive.has_duplicate_names() {
            return false;
        }
        let mut unpacked: u64 = 0;
        for index in 0..archive.len() {
            let Ok(file) = archive.by_index_data(index) else { return false };
            unpacked = unpacked.saturating_add(file.size());
            let name = file.name().ok();
            let inside = name.is_some_and(|name| stays_inside(&name));
            if !inside || file.size() > file.compressed_size().saturating_mul(RATIO).max(SMALL) {
                return false;
            }
        }
        unpacked <= UNPACKED && unpacked <= length.saturating_mul(RATIO).max(SMALL)
    }
}

/// A name that no unpacker takes out of its directory.
fn stays_inside(name: &str) -> bool {
    !name.starts_with('/')
        && !name.contains(['\\', ':', '\0'])
        && name.split('/').all(|part| part != "..")
}

/// The end of an object, read as if the whole were there.
struct Window {
    kept: Vec<u8>,
    /// Where `kept` begins.
    start: u64,
    length: u64,
    at: u64,
}

impl Read for Window {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length {
            return Ok(0);
        }
        let Some(begin) = self.at.checked_sub(self.start) else {
            return Err(io::Error::other("before the end that is kept"));
        };
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        let rest = self.kept.get(begin..).unwrap_or_default();
        let count = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::other("before the beginning"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        let stored = zip::CompressionMethod::Stored;
        for (name, content) in files {
            let options = SimpleFileOptions::default().compression_method(stored);
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn is_safe(bytes: &[u8]) -> bool {
        let mut tail = Tail::default();
        for piece in bytes.chunks(10_007) {
            tail.push(piece);
        }
        tail.safe()
    }

    /// Says in the directory that its one file unpacks to `size` bytes.
    fn lie(bytes: &mut [u8], size: u32) {
        let at = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
        bytes[at + 24..at + 28].copy_from_slice(&size.to_le_bytes());
    }

    #[test]
    fn ordinary_archives_pass_also_when_only_their_end_is_kept() {
        assert!(is_safe(&archive(&[("a.txt", b"a"), ("b/c.txt", b"c")])));
        assert!(is_safe(&archive(&[("large.bin", &vec![7; 9 << 20])])));
    }

    #[test]
    fn a_bomb_is_told_by_its_directory() {
        let mut bytes = archive(&[("a.txt", &vec![0; 4_000])]);
        assert!(is_safe(&bytes));
        lie(&mut bytes, 3 << 30);
        assert!(!is_safe(&bytes));
    }

    #[test]
    fn names_that_leave_the_directory_are_unsafe() {
        for name in ["../a.txt", "/etc/passwd", "a/../../b", "c:\\a", "a\\b"] {
            assert!(!stays_inside(name), "{name}");
        }
        assert!(stays_inside("a/..b/c.txt"));
    }

    #[test]
    fn an_archive_with_a_name_that_leads_out_is_unsafe() {
        for name in ["../a.txt", "/etc/passwd", "a/../../b", "c:\\a"] {
            assert!(!is_safe(&archive(&[("a.txt", b"a"), (name, b"b")])), "{name}");
        }
    }

    #[test]
    fn ten_thousand_files_pass_and_one_more_does_not() {
        let names: Vec<String> = (0..=FILES).map(|n| format!("{n}")).collect();
        let files: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(is_safe(&archive(files.get(1..).unwrap())));
        assert!(!is_safe(&archive(&files)));
    }

    #[test]
    fn two_files_of_one_name_are_unsafe() {
        let mut bytes = archive(&[("aa.txt", b"a"), ("ab.txt", b"b")]);
        while let Some(at) = bytes.windows(6).position(|w| w == b"ab.txt") {
            bytes[at + 1] = b'a';
        }
        assert!(!is_safe(&bytes));
    }

    #[test]
    fn many_files_of_which_each_is_small_are_unsafe_together() {
        let names: Vec<String> = (0..600).map(|n| format!("{n}")).collect();
        let files: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
        let mut bytes = archive(&files);
        assert!(is_safe(&bytes));
        let found = |b: &[u8]| b == b"PK\x01\x02";
        let entries: Vec<usize> =
            (0..bytes.len() - 4).filter(|at| found(&bytes[*at..at + 4])).collect();
        assert_eq!(entries.len(), 600);
        for at in entries {
            bytes[at + 24..at + 28].copy_from_slice(&(8u32 << 20).to_le_bytes());
        }
        assert!(!is_safe(&bytes));
    }

    #[test]
    fn documents_of_office_programs_are_looked_into() {
        for media_type in [
            "application/zip",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.etsi.asic-e+zip",
        ] {
            assert!(unpacks(media_type), "{media_type}");
        }
        assert!(!unpacks("application/pdf"));
    }

    #[test]
    fn something_that_is_no_archive_is_unsafe() {
        assert!(!is_safe(b"PK\x03\x04 and nothing more"));
    }
}
