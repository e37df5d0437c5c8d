//! Requests that change flags or look for letters.

use siegel_grpc::invalid;
use siegel_proto::postbox::v1 as pb;
use tonic::Status;

use crate::app::flag::Change;
use crate::app::search::Search;
use crate::domain::flags::{Folder, read_labels};
use crate::domain::words;
use crate::store::letters::LetterRow;

pub fn change(unread: Option<bool>, labels: Option<pb::Labels>) -> Result<Change, Status> {
    if unread.is_none() && labels.is_none() {
        return Err(invalid(&[("unread", "must be there, or `labels`")]));
    }
    let labels = labels.map(|l| read_labels(l.labels)).transpose();
    let labels = labels.map_err(|problem| invalid(&[("labels.labels", problem)]))?;
    Ok(Change::Set { unread, labels })
}

pub fn folder(number: i32) -> Result<Folder, Status> {
    match pb::Folder::try_from(number) {
        Ok(pb::Folder::Unspecified | pb::Folder::Inbox) => Ok(Folder::Inbox),
        Ok(pb::Folder::Archive) => Ok(Folder::Archive),
        Ok(pb::Folder::Trash) => Ok(Folder::Trash),
        Err(_) => Err(invalid(&[("folder", "is no folder")])),
    }
}

pub fn search(wire: pb::SearchRequest) -> Result<Search, Status> {
    let words = words::query(&wire.query).map_err(|problem| invalid(&[("query", problem)]))?;
    let everywhere = wire.folder == i32::from(pb::Folder::Unspecified);
    Ok(Search {
        words,
        page_size: wire.page_size,
        page_token: wire.page_token,
        unread_only: wire.unread_only,
        important_only: wire.important_only,
        folder: if everywhere { None } else { Some(folder(wire.folder)?) },
    })
}

pub fn wire_folder(row: &LetterRow) -> pb::Folder {
    match Folder::parse(&row.folder) {
        Some(Folder::Inbox) => pb::Folder::Inbox,
        Some(Folder::Archive) => pb::Folder::Archive,
        Some(Folder::Trash) => pb::Folder::Trash,
        None => pb::Folder::Unspecified,
    }
}
